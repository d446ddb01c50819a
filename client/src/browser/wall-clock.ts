/** The one reader of the local clock: `performance.now()` never jumps when somebody sets the time. */
export const nowMs = (): number => performance.now();

/** What time it is, as far as this device knows: for words about when something was, never for music. */
export const unixNowMs = (): number => performance.timeOrigin + performance.now();

/** What the time of day is said to be, which goes on while the machine sleeps: for noticing that it did, and for how long ago something was. */
export const timeOfDayMs = (): number => Date.now();
