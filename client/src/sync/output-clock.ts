import { center, deviation, spread } from '../util/numbers';
import { OutputDepth } from './output-depth';

/** What an `AudioContext` reports about when its samples are heard. */
export interface OutputTimes {
  readonly currentTime: number;
  readonly outputLatency?: number;
  readonly baseLatency?: number;
  getOutputTimestamp?: () => AudioTimestamp;
}

/** No sound system delays by more than this; a larger value is a driver's mistake. */
const LATENCY_S_MAX = 1;
/** Older timestamps say little about now. */
const AGE_MS_MAX = 1_000;
/** How many of the latest readings count. */
const READINGS_FEW = 20;
/** How many count where readings scatter more. */
const READINGS_MAX = 60;
const NOISY_MS = 1;
/** Readings necessary for a usable estimate. */
const READINGS_MIN = 5;
/** Timestamps whose depths differ by more than any swing are wrong; in one browser they hardly ever advance. */
const SPREAD_MS_MAX = 150;
/**
 * A context that stands still for this long produces no sound; it advances in steps of at most a few dozen
 * milliseconds.
 */
const STALL_MS = 250;
/**
 * Sound was lost, and everything after it is later, when the latest readings find the context late by more than this
 * and by more than their scatter: detected at once with little scatter, after a second with more.
 */
const STEP_MS = 2;
const STEP_SPREADS = 4;
const STEP_READINGS = [3, 10] as const;
/** The depth that a stream reports first may be wrong; no swing moves it this far this fast. */
const MISREAD_AFTER = 3;
const MISREAD_MS = 10;

/** When context time 0 would have been rendered, and would be heard, in ms of our clock. */
interface Way {
  rendered_ms: number;
  heard_ms: number;
}

/** Values read together. */
interface Reading {
  at_ms: number;
  /** From the timestamp, which refers to the request of the last block. */
  stamp: Way | null;
  /** From `currentTime`, with an error of up to one block, and the latency. */
  seen: Way;
}

/**
 * Maps the context's clock to ours: which sample is heard at which moment of `performance.now()`. It combines when
 * samples are rendered, which is accurate to a fraction of a millisecond and shows lost sound at once, and how deep the
 * buffers behind that are, which `OutputDepth` learns from the system's reports. `getOutputTimestamp` provides both;
 * where it is missing or absurd, `currentTime` and the latency do.
 *
 * Guarantee: no single misreading moves the estimate. Delays that the system does not know, such as a wireless
 * loudspeaker's, are handled by calibration.
 */
export class OutputClock {
  #readings: Reading[] = [];
  #believesStamps = true;
  #renderedMs = 0;
  #deviationMs = Number.POSITIVE_INFINITY;
  #moved = { contextTime: -1, localMs: 0 };
  /** It stood still at the last reading. */
  #stood = false;

  constructor(
    private readonly context: OutputTimes,
    private readonly nowMs: () => number,
    /** What earlier contexts learned about the output. */
    private readonly depth = new OutputDepth(),
  ) {
    depth.unsettle();
  }

  /** Takes a reading; called regularly while the context runs. */
  read(): void {
    const { currentTime } = this.context;
    const atMs = this.nowMs();
    if (currentTime !== this.#moved.contextTime) {
      this.#moved = { contextTime: currentTime, localMs: atMs };
      if (this.#stood) this.forget();
    }
    this.#stood = this.stalled;
    if (this.#stood) return;
    const seen = this.#seen(currentTime, atMs);
    // The machine slept without readings.
    if (seen.rendered_ms - (this.#readings.at(-1)?.seen ?? seen).rendered_ms > STALL_MS) this.forget();
    const reading = { at_ms: atMs, stamp: this.#stamp(currentTime, atMs), seen };
    this.#readings = [...this.#readings.slice(1 - READINGS_MAX), reading];
    this.#chooseWay();
    this.#forgetBefore();
    this.#believe(atMs);
  }

  /** The context was suspended: earlier readings no longer hold. */
  forget(): void {
    this.#readings = [];
    this.#deviationMs = Number.POSITIVE_INFINITY;
    this.depth.unsettle();
  }

  /** No sound is produced: the context's time stands still while its state is running. */
  get stalled(): boolean {
    const { contextTime, localMs } = this.#moved;
    return contextTime === this.context.currentTime && this.nowMs() - localMs > STALL_MS;
  }

  /** Enough readings to base corrections on. */
  get settled(): boolean {
    return this.#readings.length >= READINGS_MIN && !this.stalled;
  }

  /** Uncertainty: one standard deviation. */
  get deviationMs(): number {
    return Math.hypot(this.#deviationMs, this.depth.deviationMs);
  }

  /** The context time that is heard at `localMs`, in seconds. */
  contextTimeAt(localMs: number): number {
    if (this.#readings.length === 0) this.read();
    const contextTime = (localMs - this.#renderedMs - this.depth.ms) / 1000;
    return this.stalled ? Math.min(contextTime, this.context.currentTime) : contextTime;
  }

  /** Timestamps, unless they are missing or wrong. */
  #chooseWay(): void {
    if (this.#readings.length < READINGS_MIN) return;
    const depths = this.#stamps.map(depthOf);
    const believes = depths.length * 2 > this.#readings.length && spread(depths) < SPREAD_MS_MAX;
    if (believes !== this.#believesStamps) this.depth.forget();
    this.#believesStamps = believes;
  }

  get #stamps(): Way[] {
    return this.#readings.flatMap(({ stamp }) => stamp ?? []);
  }

  get #ways(): Way[] {
    const stamps = this.#believesStamps ? this.#stamps : [];
    return stamps.length > 0 ? stamps : this.#readings.map(({ seen }) => seen);
  }

  /** Sound was lost, or the first report was wrong: earlier readings are void. */
  #forgetBefore(): void {
    const ways = this.#ways;
    const rendered = ways.map(({ rendered_ms }) => rendered_ms);
    const lost = STEP_READINGS.find((count) => stepOf(rendered, count) > STEP_MS);
    if (lost !== undefined) {
      this.#readings = this.#readings.slice(-lost);
      this.depth.lose(this.#readings[0]!.at_ms, center(ways.slice(0, -lost).map(depthOf)));
    } else if (this.depth.isNew && wereMisread(ways.map(depthOf))) {
      this.#readings = this.#readings.slice(-MISREAD_AFTER);
      this.depth.forget();
    }
  }

  #believe(atMs: number): void {
    let ways = this.#ways;
    const few = ways.slice(-READINGS_FEW);
    if (spread(few.map(({ rendered_ms }) => rendered_ms)) < NOISY_MS) ways = few;
    const rendered = ways.map(({ rendered_ms }) => rendered_ms);
    this.#renderedMs = center(rendered);
    this.#deviationMs = spread(rendered) / Math.sqrt(rendered.length);
    // Both from the same readings, so that their misreadings cancel out.
    this.depth.take(atMs, center(ways.map(depthOf)));
  }

  #stamp(currentTime: number, atMs: number): Way | null {
    const stamp = this.context.getOutputTimestamp?.();
    if (stamp?.contextTime === undefined || stamp.performanceTime === undefined) return null;
    const { contextTime, performanceTime } = stamp;
    const latency = currentTime - contextTime;
    const sane =
      contextTime > 0 && latency > -0.1 && latency < LATENCY_S_MAX && Math.abs(atMs - performanceTime) < AGE_MS_MAX;
    if (!sane) return null;
    return { rendered_ms: performanceTime - currentTime * 1000, heard_ms: performanceTime - contextTime * 1000 };
  }

  #seen(currentTime: number, atMs: number): Way {
    const latency = Math.min(this.context.outputLatency ?? this.context.baseLatency ?? 0, LATENCY_S_MAX);
    const rendered_ms = atMs - currentTime * 1000;
    return { rendered_ms, heard_ms: rendered_ms + latency * 1000 };
  }
}

/** How much later the latest readings are, beyond their scatter. */
function stepOf(values: number[], count: number): number {
  const before = values.slice(0, -count);
  if (before.length < READINGS_MIN) return 0;
  const step = center(values.slice(-count)) - center(before);
  // Half of a few readings may agree by chance, however much they scatter.
  const scatter = before.length < READINGS_FEW ? Math.max(spread(before), deviation(before)) : spread(before);
  return Math.sign(step) * Math.max(0, Math.abs(step) - (STEP_SPREADS * scatter) / Math.sqrt(count));
}

/** Whether all readings but the last differ from it and agree with each other. */
function wereMisread(depths: number[]): boolean {
  const latest = depths.slice(-MISREAD_AFTER);
  const doAgree = Math.max(...latest) - Math.min(...latest) < MISREAD_MS;
  return doAgree && Math.abs(stepOf(depths, MISREAD_AFTER)) > MISREAD_MS;
}

function depthOf({ rendered_ms, heard_ms }: Way): number {
  return heard_ms - rendered_ms;
}
