/** The only reader of the local clock. `performance.now()` does not jump when the user sets the time. */
export const nowMs = (): number => performance.now();

/** This device's time of day, for texts such as "5 minutes ago". Never for playback. */
export const unixNowMs = (): number => performance.timeOrigin + performance.now();

/** Time of day, which goes on while the machine sleeps: for detecting sleep, and for ages. */
export const timeOfDayMs = (): number => Date.now();
