/** The one reader of the local clock: `performance.now()` never jumps when somebody sets the time. */
export const nowMs = (): number => performance.now();
