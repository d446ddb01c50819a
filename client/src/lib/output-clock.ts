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
/**
 * A system that has just begun to play may tell its place wrong for a while: PulseAudio's first estimate of the rate swings
 * by some per cent, and its place with it by up to 35 ms, for up to 20 s. The median of what it tells in the first two
 * seconds is mostly right to 1 ms even then.
 */
const FIRST_MS = 2_000;
const STEADY_MS = 3_000;
const STEADY_SPAN_MS = 1.5;
/** First readings that scatter more swing already; then what was learned of this output before says more. */
const SWING_MS = 2;
const SWING_MS_MAX = 30_000;
/** From one reading to the next no swing reaches as far. */
const LEAP_MS = 30;
/** What is held meanwhile may be wrong by this: one standard deviation. */
const HELD_DEVIATION_MS = 0.6;
/** Where so many readings find the context later than those before, sound was lost in between, and all begins anew. */
const LOSS_READINGS = 10;
const LOSS_MS = 15;

/** When context time 0 would have been heard, in ms of our clock, told in two ways. */
interface Reading {
  at_ms: number;
  stamp_ms: number | null;
  latency_ms: number;
}

/** How long before it is heard a sample is rendered to some output: its buffers, learned while nothing swung. */
export interface Depth {
  ms: number | null;
}

/**
 * Maps the context's clock to ours: which sample of the context is heard at which moment of `performance.now()`.
 * `getOutputTimestamp` says so directly; where it is missing or absurd, `currentTime` less the latency does. What it
 * guarantees: a single misreading moves nothing; after a start, or a loss of sound, what was told first is held until what
 * is told keeps still; and then a new truth is believed after three readings. What neither knows, such as the way
 * to a wireless loudspeaker, is the business of calibration.
 */
export class OutputClock {
  #readings: Reading[] = [];
  /** When context time 0 would have been rendered, as each reading found it: coarse, but nobody's estimate. */
  #rendered: number[] = [];
  /** And how long after that it was taken to be heard. */
  #depths: number[] = [];
  /** What is held instead of what is told: after a loss the buffers are as deep as before. */
  #heldDepthMs: number | null = null;
  #beganMs = 0;
  #zeroMs = 0;
  #deviationMs = Number.POSITIVE_INFINITY;
  #moved = { contextTime: -1, localMs: 0 };
  /** It stood still when it was last read. */
  #stood = false;

  constructor(
    private readonly context: OutputTimes,
    private readonly nowMs: () => number,
    private readonly depth: Depth = { ms: null },
  ) {}

  /** Takes a reading; called regularly while the context runs. */
  read(): void {
    if (this.context.currentTime !== this.#moved.contextTime) {
      this.#moved = { contextTime: this.context.currentTime, localMs: this.nowMs() };
      if (this.#stood) this.forget();
    }
    this.#stood = this.stalled;
    if (this.#stood) return;
    const at_ms = this.nowMs();
    const rendered = at_ms - this.context.currentTime * 1000;
    // The machine slept, and nobody looked meanwhile.
    if (rendered - (this.#rendered.at(-1) ?? rendered) > STALL_MS) this.forget();
    const reading = { at_ms, stamp_ms: this.#stamp(), latency_ms: this.#latency() };
    this.#readings = [...this.#readings.slice(1 - READINGS_MAX), reading];
    this.#rendered = [...this.#rendered.slice(1 - READINGS_MAX), rendered];
    if (this.#readings.length === 1) this.#beginWith(1);
    if (this.#hasLost()) this.#beginWith(READINGS_MIN, this.#depthBeforeLoss());
    if (this.#isSteady(at_ms)) this.#believe();
    else this.#hold(at_ms);
    this.#depths = [...this.#depths.slice(1 - READINGS_MAX), this.#zeroMs - rendered];
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

  /** With the last readings, and nothing from before but how deep the buffers are. */
  #beginWith(count: number, heldDepthMs: number | null = null): void {
    this.#believeSince(count);
    this.#rendered = this.#rendered.slice(-count);
    this.#depths = [];
    this.#heldDepthMs = heldDepthMs;
  }

  /** What was told before the last readings is not true any more. */
  #believeSince(count: number): void {
    this.#readings = this.#readings.slice(-count);
    this.#beganMs = this.#readings[0]!.at_ms;
  }

  /** Sound that was not there in time leaves everything after it that much later. */
  #hasLost(): boolean {
    if (this.#rendered.length < 2 * LOSS_READINGS) return false;
    const before = this.#rendered.slice(0, -LOSS_READINGS);
    return median(this.#rendered.slice(-LOSS_READINGS)) - median(before) > LOSS_MS;
  }

  #depthBeforeLoss(): number | null {
    // One reading less than were rendered: this one is not told of yet.
    const before = this.#depths.slice(0, 1 - LOSS_READINGS);
    return this.depth.ms ?? (before.length === 0 ? null : median(before));
  }

  /** Whether what is told keeps still, or has had its time to swing. */
  #isSteady(atMs: number): boolean {
    const ageMs = atMs - this.#beganMs;
    if (ageMs < STEADY_MS || ageMs > SWING_MS_MAX) return ageMs > SWING_MS_MAX;
    const values = this.#values();
    const latest = values.filter((_, n) => atMs - this.#readings.at(n - values.length)!.at_ms < STEADY_MS);
    return Math.max(...latest) - Math.min(...latest) < STEADY_SPAN_MS;
  }

  #hold(atMs: number): void {
    let values = this.#values();
    const [before, ...latest] = values.slice(-1 - AGREEING);
    if (agree(latest) && Math.abs(median(latest) - before!) > LEAP_MS) {
      this.#believeSince(AGREEING);
      values = latest;
    }
    this.#deviationMs = HELD_DEVIATION_MS;
    if (this.#heldDepthMs !== null) {
      this.#zeroMs = median(this.#rendered) + this.#heldDepthMs;
      this.#deviationMs = Math.max(HELD_DEVIATION_MS, uncertainty(this.#rendered));
    } else if (atMs - this.#beganMs < FIRST_MS || values.length <= READINGS_MIN) {
      const swings = spread(values) > SWING_MS && this.#rendered.length >= LOSS_READINGS;
      this.#zeroMs = swings && this.depth.ms !== null ? median(this.#rendered) + this.depth.ms : median(values);
    }
  }

  #believe(): void {
    this.#heldDepthMs = null;
    let values = this.#values();
    const latest = values.slice(-AGREEING);
    const step = Math.abs(median(latest) - this.#zeroMs);
    const allowed = Math.max(STEP_MS, 3 * spread(values.slice(-READINGS_FEW)));
    if (agree(latest) && step > allowed) {
      this.#readings = this.#readings.slice(-AGREEING);
      values = latest;
    }
    const keepsStill = this.#readings.length === READINGS_MAX && spread(values) < NOISY_MS;
    const few = values.slice(-READINGS_FEW);
    if (spread(few) < NOISY_MS) values = few;
    this.#zeroMs = median(values);
    if (keepsStill) this.depth.ms = this.#zeroMs - median(this.#rendered);
    this.#deviationMs = uncertainty(values);
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

/** Of their median, as one standard deviation: it is a quarter less certain than a mean. */
function uncertainty(values: number[]): number {
  return (1.2533 * spread(values)) / Math.sqrt(values.length);
}

function agree(latest: number[]): boolean {
  return latest.length === AGREEING && Math.max(...latest) - Math.min(...latest) < STEP_MS;
}
