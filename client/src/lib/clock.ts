/**
 * The server's clock as seen from here. Four timestamps a probe, as in NTP; `performance.now()` is the only local clock.
 */

export interface Probe {
  /** Sent, our clock. */
  t0: number;
  /** Arrived and answered, the server's clock. */
  t1: number;
  t2: number;
  /** Answer received, our clock. */
  t3: number;
}

export interface ClockEstimate {
  /** Add it to `performance.now()` for the server's time. */
  clock_offset_ms: number;
  /** Half the round trip of the best probe: what an asymmetric path could hide at most. */
  uncertainty_ms: number;
}

interface Sample {
  clock_offset_ms: number;
  delay_ms: number;
  at_ms: number;
}

const SAMPLES_MAX = 64;
const SAMPLE_AGE_MS_MAX = 120_000;
/** Probes that waited in no queue are the truthful ones; the quarter with the shortest way is taken. */
const KEPT_SHARE = 0.25;
const KEPT_MIN = 3;

/** Pure: probes in, estimate out. */
export class ClockEstimator {
  #samples: Sample[] = [];

  add({ t0, t1, t2, t3 }: Probe): void {
    const sample = { clock_offset_ms: (t1 - t0 + (t2 - t3)) / 2, delay_ms: t3 - t0 - (t2 - t1), at_ms: t3 };
    if (this.#contradicts(sample)) this.#samples = [];
    this.#samples = this.#samples.filter(({ at_ms }) => t3 - at_ms < SAMPLE_AGE_MS_MAX).slice(1 - SAMPLES_MAX);
    this.#samples.push(sample);
  }

  get samples(): number {
    return this.#samples.length;
  }

  estimate(): ClockEstimate | null {
    const best = this.#best();
    if (best.length === 0) return null;
    return {
      clock_offset_ms: median(best.map((sample) => sample.clock_offset_ms)),
      uncertainty_ms: Math.max(best[0]!.delay_ms, 0) / 2,
    };
  }

  /**
   * True when even the whole delay cannot explain the difference: one of the clocks has jumped (a sleep, a change of
   * server), and the past is worth nothing.
   */
  #contradicts(sample: Sample): boolean {
    const best = this.#best();
    if (best.length < KEPT_MIN) return false;
    const expected = median(best.map(({ clock_offset_ms }) => clock_offset_ms));
    const explainedMs = (sample.delay_ms + best.at(-1)!.delay_ms) / 2 + 5;
    return Math.abs(sample.clock_offset_ms - expected) > explainedMs;
  }

  #best(): Sample[] {
    const count = Math.max(KEPT_MIN, Math.ceil(this.#samples.length * KEPT_SHARE));
    return [...this.#samples].sort((a, b) => a.delay_ms - b.delay_ms).slice(0, count);
  }
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const BURST_PROBES = 8;
const BURST_EVERY_MS = 10_000;
/** A probe without an answer is given up, so that one lost connection does not stall the next burst. */
const PROBE_WAIT_MS = 2_000;
/** From here on the estimate is good enough to start music by. */
const READY_SAMPLES = 5;

/** Keeps an estimate fresh: a burst of serial probes at once and then every ten seconds. */
export class ServerClock {
  #estimator = new ClockEstimator();
  #estimate: ClockEstimate | null = null;
  #left = 0;
  #awaited: number | null = null;
  #giveUp: ReturnType<typeof setTimeout> | undefined;
  #nextBurst: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly sendProbe: (t0: number) => boolean,
    private readonly nowMs: () => number,
    private readonly onReady: () => void = () => {},
  ) {}

  /** A connection stands: measure. */
  start(): void {
    this.stop();
    this.#left = BURST_PROBES;
    this.#nextBurst = setTimeout(() => this.start(), BURST_EVERY_MS);
    this.#probe();
  }

  stop(): void {
    clearTimeout(this.#nextBurst);
    clearTimeout(this.#giveUp);
    this.#awaited = null;
    this.#left = 0;
  }

  answered({ t0, t1, t2 }: { t0: number; t1: number; t2: number }): void {
    if (t0 !== this.#awaited) return;
    clearTimeout(this.#giveUp);
    this.#awaited = null;
    const wasReady = this.ready;
    this.#estimator.add({ t0, t1, t2, t3: this.nowMs() });
    this.#estimate = this.#estimator.estimate();
    if (this.ready && !wasReady) this.onReady();
    this.#probe();
  }

  /** A first idea, from `welcome`, for showing positions before the first burst is through. */
  hint(serverTimeMs: number): void {
    this.#estimate ??= { clock_offset_ms: serverTimeMs - this.nowMs(), uncertainty_ms: Number.POSITIVE_INFINITY };
  }

  get ready(): boolean {
    return this.#estimate !== null && this.#estimator.samples >= READY_SAMPLES;
  }

  get uncertaintyMs(): number {
    return this.#estimate?.uncertainty_ms ?? Number.POSITIVE_INFINITY;
  }

  now(): number {
    return this.nowMs() + (this.#estimate?.clock_offset_ms ?? 0);
  }

  /** The moment of ours at which the server's clock shows `serverMs`. */
  toLocal(serverMs: number): number {
    return serverMs - (this.#estimate?.clock_offset_ms ?? 0);
  }

  #probe(): void {
    if (this.#left === 0) return;
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
