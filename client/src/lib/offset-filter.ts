/** Two crystals rarely differ by more than this; twice as much is learned almost as soon. */
const DRIFT_DEVIATION = 5e-5;
/** How much offset and drift may wander, per ms: 0.01 ms and 0.05 ppm in a second. */
const OFFSET_WANDER = 1e-7;
const DRIFT_WANDER = 2.5e-18;
/** In standard deviations. */
const SURPRISE = 2;
/** The filter never believes itself better than this, so it stays willing to learn. */
const DEVIATION_MS_MIN = 0.1;

/** What one clock shows more than another, and how that changes: a Kalman filter over offset and drift. */
export class OffsetFilter {
  #drift = 0;
  /** The covariance of both. */
  #p01 = 0;
  #p11 = DRIFT_DEVIATION ** 2;

  constructor(
    private atMs: number,
    private offset: number,
    private p00: number,
  ) {}

  copy(): OffsetFilter {
    const copy = new OffsetFilter(this.atMs, this.offset, this.p00);
    copy.#drift = this.#drift;
    copy.#p01 = this.#p01;
    copy.#p11 = this.#p11;
    return copy;
  }

  at(localMs: number): { offset: number; drift: number; deviation: number; drift_deviation: number } {
    const passed = localMs - this.atMs;
    const variance = this.p00 + 2 * passed * this.#p01 + passed ** 2 * this.#p11;
    return {
      offset: this.offset + this.#drift * passed,
      drift: this.#drift,
      drift_deviation: Math.sqrt(this.#p11),
      deviation: Math.sqrt(Math.max(variance, DEVIATION_MS_MIN ** 2)),
    };
  }

  /** The offset may have changed by so much. */
  doubt(variance: number): void {
    this.p00 += variance;
  }

  /** Takes a measurement in: what it says, and how much that is to be trusted. */
  take(atMs: number, offset: number, variance: number): void {
    this.#moveTo(atMs);
    const innovation = offset - this.offset;
    const expected = this.p00 + variance;
    // What surprises more than chance does is half believed: a path that changed is no reason to doubt a crystal.
    const surprise = innovation ** 2 / (SURPRISE ** 2 * expected);
    const total = expected * Math.max(1, surprise);
    const gain = this.p00 / total;
    const driftGain = this.#p01 / total;
    this.offset += gain * innovation;
    this.#drift += driftGain * innovation;
    this.#p11 -= driftGain * this.#p01;
    this.#p01 -= gain * this.#p01;
    this.p00 = Math.max((1 - gain) * this.p00, DEVIATION_MS_MIN ** 2);
  }

  #moveTo(atMs: number): void {
    const passed = Math.max(0, atMs - this.atMs);
    this.offset += this.#drift * passed;
    this.p00 += 2 * passed * this.#p01 + passed ** 2 * this.#p11 + OFFSET_WANDER * passed;
    this.#p01 += passed * this.#p11;
    this.#p11 += DRIFT_WANDER * passed;
    this.atMs += passed;
  }
}
