/** The one reader of the local clock: `performance.now()` never jumps when somebody sets the time. */
export const nowMs = (): number => performance.now();

/** What time it is, as far as this device knows: for words about when something was, never for music. */
export const unixNowMs = (): number => performance.timeOrigin + performance.now();
