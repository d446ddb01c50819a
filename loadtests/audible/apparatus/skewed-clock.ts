export interface Skew {
  /** Skew of the clock in ppm. */
  ppm: number;
  /** Initial offset of the clock. */
  aheadMs: number;
}

/**
 * Runs in the page before the client's code: skews all clocks of the machine that the client can read, not those of the
 * sound card. Serialised into the page, so it refers to nothing outside itself.
 */
export function installSkew({ ppm, aheadMs }: Skew): void {
  const rate = 1 + ppm / 1e6;
  const now = performance.now.bind(performance);
  const bent = (ms: number) => ms * rate + aheadMs;
  Performance.prototype.now = () => bent(now());

  const dayMs = Date.now();
  const date = Date.now.bind(Date);
  Date.now = () => dayMs + (date() - dayMs) * rate + aheadMs;

  const stamp = AudioContext.prototype.getOutputTimestamp;
  AudioContext.prototype.getOutputTimestamp = function () {
    const { contextTime, performanceTime } = stamp.call(this);
    return {
      ...(contextTime === undefined ? {} : { contextTime }),
      ...(performanceTime === undefined ? {} : { performanceTime: bent(performanceTime) }),
    };
  };
}
