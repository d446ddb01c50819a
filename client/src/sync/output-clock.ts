import { center, deviation, median, quantile, spread } from '../util/numbers';
import { OutputDepth } from './output-depth';
import { mayAskForLatency } from './output-engine';

/** What an `AudioContext` reports about when its samples are heard. */
export interface OutputTimes {
  readonly currentTime: number;
  readonly outputLatency?: number;
  getOutputTimestamp?: () => AudioTimestamp;
}

/** No sound system delays by more than this; a larger value is a driver's mistake. */
const LATENCY_S_MAX = 1;
/** Older timestamps say little about now. */
const AGE_MS_MAX = 1_000;
/** Later ones are wrong. WebKitGTK's add the context's time to that of the machine, so they run at twice its speed. */
const AHEAD_MS_MAX = 50;
/**
 * A timestamp that accounts for less than this share of the latency that the same browser states does not include the
 * way to the ear. Firefox's accounts for none: it subtracts the latency from both of its times.
 */
const ACCOUNTED_SHARE_MIN = 0.5;
/**
 * Used where an engine does not tell its latency. On PulseAudio, Firefox was heard after 46 ms, WebKitGTK after 65 to 78
 * ms, and after 106 ms with a sound card whose buffer is deeper (decision 47). Wireless outputs lie outside.
 */
const ASSUMED_LATENCY_MS = 75;
const ASSUMED_DEVIATION_MS = 50;
/** How many of the latest readings count. */
const READINGS_FEW = 20;
/** How many count where readings scatter more. */
const READINGS_MAX = 60;
const NOISY_MS = 1;
/** Readings necessary for a usable estimate. */
const READINGS_MIN = 5;
/** A block may be observed late, by up to its length, but never early: this share of the readings is observed in time. */
const EARLY_SHARE = 0.05;
/** The estimate's deviation is half of the distance to this share. */
const LATER_SHARE = 0.15;
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
  /** From `currentTime`: late by up to one block. */
  rendered_ms: number;
  /** As the browser states it; `null` where it does not. */
  latency_ms: number | null;
}

/** Where the depth is known from. */
type Source = 'timestamp' | 'latency' | 'assumption';

/**
 * Maps the context's clock to ours: which sample is heard at which moment of `performance.now()`. It combines when
 * samples are rendered, which is accurate to a fraction of a millisecond and shows lost sound at once, and how deep the
 * buffers behind that are, which `OutputDepth` learns from the system's reports. `getOutputTimestamp` provides both;
 * where it is missing or absurd, `currentTime` and the latency do. Where the engine does not tell the latency either, one
 * is assumed, and `assumedDeviationMs` says how wrong that may be until a calibration replaces it.
 *
 * Guarantee: no single misreading moves the estimate. Delays that the system does not know, such as a wireless
 * loudspeaker's, are handled by calibration.
 */
export class OutputClock {
  #readings: Reading[] = [];
  #source: Source;
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
    private readonly mayAsk = mayAskForLatency(globalThis),
  ) {
    this.#source = mayAsk ? 'timestamp' : 'assumption';
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
    const rendered_ms = atMs - currentTime * 1000;
    // The machine slept without readings.
    if (rendered_ms - (this.#readings.at(-1)?.rendered_ms ?? rendered_ms) > STALL_MS) this.forget();
    const reading = { at_ms: atMs, rendered_ms, stamp: this.#stamp(currentTime, atMs), latency_ms: this.#latencyMs() };
    this.#readings = [...this.#readings.slice(1 - READINGS_MAX), reading];
    this.#chooseSource();
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

  /** Uncertainty of changes: one standard deviation. */
  get deviationMs(): number {
    return Math.hypot(this.#deviationMs, this.depth.deviationMs);
  }

  /** How far all of it may be off because the latency is assumed; 0 where the engine tells it. */
  get assumedDeviationMs(): number {
    return this.#source === 'assumption' ? ASSUMED_DEVIATION_MS : 0;
  }

  /** The context time that is heard at `localMs`, in seconds. */
  contextTimeAt(localMs: number): number {
    if (this.#readings.length === 0) this.read();
    const contextTime = (localMs - this.#renderedMs - this.depth.ms) / 1000;
    return this.stalled ? Math.min(contextTime, this.context.currentTime) : contextTime;
  }

  /** Timestamps, unless they are missing or wrong; then the latency. */
  #chooseSource(): void {
    if (!this.mayAsk || this.#readings.length < READINGS_MIN) return;
    const isMost = (some: unknown[]) => some.length * 2 > this.#readings.length;
    const stamps = this.#stamps;
    const isRight = isMost(stamps) && spread(stamps.map(depthOf)) < SPREAD_MS_MAX && this.#areAccounted();
    const isTold = isMost(this.#readings.filter(({ latency_ms }) => latency_ms !== null));
    const source = isRight ? 'timestamp' : isTold ? 'latency' : 'assumption';
    if (source !== this.#source) this.depth.forget();
    this.#source = source;
  }

  /** Timestamps include the way to the ear, as far as the browser states its latency. */
  #areAccounted(): boolean {
    const both = this.#readings.flatMap(({ stamp, rendered_ms, latency_ms }) =>
      stamp === null || latency_ms === null ? [] : { accounted_ms: stamp.heard_ms - rendered_ms, latency_ms },
    );
    if (both.length === 0) return true;
    const accountedMs = median(both.map(({ accounted_ms }) => accounted_ms));
    return accountedMs >= ACCOUNTED_SHARE_MIN * median(both.map(({ latency_ms }) => latency_ms));
  }

  get #stamps(): Way[] {
    return this.#readings.flatMap(({ stamp }) => stamp ?? []);
  }

  get #ways(): Way[] {
    const stamps = this.#source === 'timestamp' ? this.#stamps : [];
    return stamps.length > 0 ? stamps : this.#readings.map(observed);
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
    const ways = this.#ways;
    if (this.#source === 'timestamp') this.#believeStamps(ways, atMs);
    else this.#believeObserved(ways, atMs);
  }

  #believeStamps(all: Way[], atMs: number): void {
    let ways = all;
    const few = ways.slice(-READINGS_FEW);
    if (spread(few.map(({ rendered_ms }) => rendered_ms)) < NOISY_MS) ways = few;
    const rendered = ways.map(({ rendered_ms }) => rendered_ms);
    this.#renderedMs = center(rendered);
    this.#deviationMs = spread(rendered) / Math.sqrt(rendered.length);
    // Both from the same readings, so that their misreadings cancel out.
    this.depth.take(atMs, center(ways.map(depthOf)));
  }

  #believeObserved(ways: Way[], atMs: number): void {
    const rendered = ways.map(({ rendered_ms }) => rendered_ms);
    this.#renderedMs = quantile(rendered, EARLY_SHARE);
    this.#deviationMs = (quantile(rendered, LATER_SHARE) - this.#renderedMs) / 2;
    this.depth.take(atMs, center(ways.map(depthOf)));
  }

  #stamp(currentTime: number, atMs: number): Way | null {
    if (!this.mayAsk) return null;
    const stamp = this.context.getOutputTimestamp?.();
    if (stamp?.contextTime === undefined || stamp.performanceTime === undefined) return null;
    const { contextTime, performanceTime } = stamp;
    const latency = currentTime - contextTime;
    const ageMs = atMs - performanceTime;
    const sane =
      contextTime > 0 && latency > -0.1 && latency < LATENCY_S_MAX && ageMs < AGE_MS_MAX && ageMs > -AHEAD_MS_MAX;
    if (!sane) return null;
    return { rendered_ms: performanceTime - currentTime * 1000, heard_ms: performanceTime - contextTime * 1000 };
  }

  /** Zero is no latency of a real output: WebKitGTK states it. */
  #latencyMs(): number | null {
    const latency = this.mayAsk ? (this.context.outputLatency ?? 0) : 0;
    return latency > 0 ? Math.min(latency, LATENCY_S_MAX) * 1000 : null;
  }
}

function observed({ rendered_ms, latency_ms }: Reading): Way {
  return { rendered_ms, heard_ms: rendered_ms + (latency_ms ?? ASSUMED_LATENCY_MS) };
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
