import { median, spread } from './numbers';

/** What of an `AudioContext` tells when its samples are heard. */
export interface OutputTimes {
  readonly currentTime: number;
  readonly outputLatency?: number;
  readonly baseLatency?: number;
  getOutputTimestamp?: () => AudioTimestamp;
}

/** No sound system delays by more than this; a larger figure is a driver's mistake. */
const LATENCY_S_MAX = 1;
/** Timestamps older than this say little about now. */
const AGE_MS_MAX = 1_000;
/** One misread timestamp must not move the music: the median of the last ones counts. */
const READINGS_FEW = 15;
/** Of more of them where they lie further apart than this. */
const READINGS_MAX = 60;
const NOISY_MS = 1;
/** From so many readings on, the median is worth something. */
const READINGS_MIN = 5;
/** Timestamps that disagree by more than this are made up; one browser's hardly ever move on. */
const SPREAD_MS_MAX = 15;
/** So many readings in a row that agree are right, whatever was read before: a drop-out, other headphones. */
const AGREEING = 3;
const STEP_MS = 2;
/** A context that stands still for so long is without sound; it moves in steps of at most a few dozen milliseconds. */
const STALL_MS = 250;

/** When context time 0 would have been heard, in ms of our clock, told in two ways. */
interface Reading {
  stamp_ms: number | null;
  latency_ms: number;
}

/**
 * Maps the context's clock to ours: which sample of the context is heard at which moment of `performance.now()`.
 * `getOutputTimestamp` says so directly; where it is missing or absurd, `currentTime` less the latency does. What it
 * guarantees: a single misreading moves nothing, and a new truth is believed after three readings, those of the start
 * included. What neither knows, such as the way to a wireless loudspeaker, is the business of calibration.
 */
export class OutputClock {
  #readings: Reading[] = [];
  #zeroMs = 0;
  #deviationMs = Number.POSITIVE_INFINITY;
  #moved = { contextTime: -1, localMs: 0 };

  constructor(
    private readonly context: OutputTimes,
    private readonly nowMs: () => number,
  ) {}

  /** Takes a reading; called regularly while the context runs. */
  read(): void {
    const wasStalled = this.stalled;
    if (this.context.currentTime !== this.#moved.contextTime) {
      this.#moved = { contextTime: this.context.currentTime, localMs: this.nowMs() };
      if (wasStalled) this.forget();
    }
    if (this.stalled) return;
    this.#readings = [
      ...this.#readings.slice(1 - READINGS_MAX),
      { stamp_ms: this.#stamp(), latency_ms: this.#latency() },
    ];
    this.#believe();
  }

  /** The context was suspended: what was read before does not hold any more. */
  forget(): void {
    this.#readings = [];
    this.#deviationMs = Number.POSITIVE_INFINITY;
  }

  /** No sound comes out: the context's time stands still, though it is said to run. */
  get stalled(): boolean {
    const { contextTime, localMs } = this.#moved;
    return contextTime === this.context.currentTime && this.nowMs() - localMs > STALL_MS;
  }

  /** Whether enough was read to correct anything by it. */
  get settled(): boolean {
    return this.#readings.length >= READINGS_MIN && !this.stalled;
  }

  /** How far readings lie apart, as one standard deviation of what is made of them. */
  get deviationMs(): number {
    return this.#deviationMs;
  }

  /** The context time that is heard at `localMs`, in seconds. */
  contextTimeAt(localMs: number): number {
    if (this.#readings.length === 0) this.read();
    const contextTime = (localMs - this.#zeroMs) / 1000;
    return this.stalled ? Math.min(contextTime, this.context.currentTime) : contextTime;
  }

  #believe(): void {
    let values = this.#values();
    const latest = values.slice(-AGREEING);
    const step = Math.abs(median(latest) - this.#zeroMs);
    const allowed = Math.max(STEP_MS, 3 * spread(values.slice(-READINGS_FEW)));
    if (latest.length === AGREEING && step > allowed && Math.max(...latest) - Math.min(...latest) < STEP_MS) {
      this.#readings = this.#readings.slice(-AGREEING);
      values = latest;
    }
    const few = values.slice(-READINGS_FEW);
    if (spread(few) < NOISY_MS) values = few;
    this.#zeroMs = median(values);
    // A median is a quarter less certain than a mean.
    this.#deviationMs = (1.2533 * spread(values)) / Math.sqrt(values.length);
  }

  /** The timestamps, unless they are missing or made up. */
  #values(): number[] {
    const stamps = this.#readings.flatMap(({ stamp_ms }) => (stamp_ms === null ? [] : [stamp_ms]));
    const areSane = stamps.length * 2 > this.#readings.length && spread(stamps) < SPREAD_MS_MAX;
    return areSane ? stamps : this.#readings.map(({ latency_ms }) => latency_ms);
  }

  #stamp(): number | null {
    const stamp = this.context.getOutputTimestamp?.();
    if (stamp?.contextTime === undefined || stamp.performanceTime === undefined) return null;
    const { contextTime, performanceTime } = stamp;
    const latency = this.context.currentTime - contextTime;
    const ageMs = this.nowMs() - performanceTime;
    const sane = contextTime > 0 && latency > -0.1 && latency < LATENCY_S_MAX && Math.abs(ageMs) < AGE_MS_MAX;
    return sane ? performanceTime - contextTime * 1000 : null;
  }

  #latency(): number {
    const latency = Math.min(this.context.outputLatency ?? this.context.baseLatency ?? 0, LATENCY_S_MAX);
    return this.nowMs() - (this.context.currentTime - latency) * 1000;
  }
}
