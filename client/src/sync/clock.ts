import { type ClockEstimate, ClockEstimator } from './clock-estimator';

const BURST_PROBES = 8;
/** The first bursts follow each other soon, each gap twice as long: drift shows only over time. */
const BURST_SOON_MS = 2_000;
const BURST_EVERY_MS = 10_000;
/** A probe without an answer is given up after this time, so that one lost connection does not stall the next burst. */
const PROBE_WAIT_MS = 2_000;
const ECHO_MS = 0.001;
/**
 * While the deviation is above this, a burst continues slowly: on a path with jitter, on a page that answers late while
 * it loads, or before the drift is known.
 */
const EXTRA_ABOVE_MS = 0.3;
const EXTRA_PROBES = 40;
const EXTRA_EVERY_MS = 100;
/** Accurate enough to start music. */
const READY_SAMPLES = 5;

/**
 * The server's clock, kept accurate: a burst of eight or more serial probes at once, soon again, and then every ten
 * seconds. `ClockEstimator` evaluates them; `performance.now()` is the only local clock.
 */
export class ServerClock {
  #estimator = new ClockEstimator();
  /** As of `#atMs`; between two probes only the drift changes it. */
  #estimate: ClockEstimate | null = null;
  #atMs = 0;
  #left = 0;
  #burstAfterMs = BURST_SOON_MS;
  /** How many more probes this burst may have. */
  #extra = 0;
  #awaited: number | null = null;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #nextBurst: ReturnType<typeof setTimeout> | undefined;
  #nextExtra: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly sendProbe: (t0: number) => boolean,
    private readonly nowMs: () => number,
    private readonly onReady: () => void = () => {},
  ) {}

  /** A connection was opened, or the clocks may have changed: measures. */
  start(): void {
    this.#burstAfterMs = BURST_SOON_MS;
    this.#burst();
  }

  stop(): void {
    clearTimeout(this.#nextBurst);
    clearTimeout(this.#nextExtra);
    clearTimeout(this.#giveUp);
    this.#awaited = null;
    this.#left = 0;
  }

  answered({ t0: echo, t1, t2 }: { t0: number; t1: number; t2: number }): void {
    const t0 = this.#awaited;
    // JSON may lose a number's last digit on the way there and back.
    if (t0 === null || Math.abs(echo - t0) > ECHO_MS) return;
    clearTimeout(this.#giveUp);
    this.#awaited = null;
    const wasReady = this.ready;
    const t3 = this.nowMs();
    const jumped = this.#estimator.add({ t0, t1, t2, t3 });
    this.#atMs = t3;
    this.#estimate = this.#estimator.estimateAt(t3);
    // A whole burst for a clock that has to be learned again.
    if (jumped) {
      this.#left = Math.max(this.#left, BURST_PROBES - 1);
      this.#extra = EXTRA_PROBES;
      this.#burstAfterMs = BURST_SOON_MS;
    }
    if (this.ready && !wasReady) this.onReady();
    this.#probe();
  }

  /**
   * The server's time in the first frame of a connection, and when that arrived: a rough estimate for showing positions before
   * a burst completes. The path may differ from the previous connection's.
   */
  hint(serverTimeMs: number, atMs = this.nowMs()): void {
    this.#estimator.forgetPath();
    if (this.#estimate !== null) return;
    this.#atMs = atMs;
    this.#estimate = {
      clock_offset_ms: serverTimeMs - this.#atMs,
      drift: 0,
      deviation_ms: Number.POSITIVE_INFINITY,
      uncertainty_ms: Number.POSITIVE_INFINITY,
    };
  }

  get ready(): boolean {
    return this.#estimate !== null && this.#estimator.samples >= READY_SAMPLES;
  }

  /** Bound of the error, including path asymmetry. */
  get uncertaintyMs(): number {
    return this.#estimate?.uncertainty_ms ?? Number.POSITIVE_INFINITY;
  }

  /** One standard deviation, from delay variation only. */
  get deviationMs(): number {
    return this.#estimate?.deviation_ms ?? Number.POSITIVE_INFINITY;
  }

  now(): number {
    return this.toServer(this.nowMs());
  }

  /** Converts our time to the server's. */
  toServer(localMs: number): number {
    const { clock_offset_ms, drift } = this.#estimate ?? { clock_offset_ms: 0, drift: 0 };
    return localMs + clock_offset_ms + drift * (localMs - this.#atMs);
  }

  /** Converts the server's time to ours. */
  toLocal(serverMs: number): number {
    const { clock_offset_ms, drift } = this.#estimate ?? { clock_offset_ms: 0, drift: 0 };
    return (serverMs - clock_offset_ms + drift * this.#atMs) / (1 + drift);
  }

  #burst(): void {
    this.stop();
    this.#left = BURST_PROBES;
    this.#extra = EXTRA_PROBES;
    this.#nextBurst = setTimeout(() => this.#burst(), this.#burstAfterMs);
    this.#burstAfterMs = Math.min(2 * this.#burstAfterMs, BURST_EVERY_MS);
    this.#probe();
  }

  #probe(): void {
    if (this.#left === 0) {
      if (this.#extra > 0 && this.deviationMs > EXTRA_ABOVE_MS) {
        this.#extra -= 1;
        this.#left = 1;
        this.#nextExtra = setTimeout(() => this.#probe(), EXTRA_EVERY_MS);
      }
      return;
    }
    this.#left -= 1;
    const t0 = this.nowMs();
    this.#awaited = t0;
    if (!this.sendProbe(t0)) {
      this.stop();
      return;
    }
    this.#giveUp = setTimeout(() => {
      this.#awaited = null;
      this.#probe();
    }, PROBE_WAIT_MS);
  }
}
