/** The machine's monotonic clock, in ms: the same for all processes, unlike `performance.now()`. */
export const nowMs = (): number => Number(process.hrtime.bigint()) / 1e6;
