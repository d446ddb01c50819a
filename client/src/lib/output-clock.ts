import { median } from './numbers';

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
const READINGS_MAX = 15;

/**
 * Maps the context's clock to ours: which sample of the context is heard at which moment of `performance.now()`.
 * `getOutputTimestamp` says so directly; where it is missing or absurd, `currentTime` less the latency does.
 */
export class OutputClock {
  #readings: number[] = [];

  constructor(
    private readonly context: OutputTimes,
    private readonly nowMs: () => number,
  ) {}

  /** Takes a reading; called regularly while the context runs. */
  read(): number {
    const reading = this.#fromTimestamp() ?? this.#fromLatency();
    this.#readings = [...this.#readings.slice(1 - READINGS_MAX), reading];
    return reading;
  }

  /** The context was suspended: what was read before does not hold any more. */
  forget(): void {
    this.#readings = [];
  }

  /** The context time that is heard at `localMs`, in seconds. */
  contextTimeAt(localMs: number): number {
    if (this.#readings.length === 0) this.read();
    return (localMs - median(this.#readings)) / 1000;
  }

  /** The moment of ours at which context time 0 would have been heard, in ms. */
  #fromTimestamp(): number | null {
    const stamp = this.context.getOutputTimestamp?.();
    if (stamp?.contextTime === undefined || stamp.performanceTime === undefined) return null;
    const { contextTime, performanceTime } = stamp;
    const latency = this.context.currentTime - contextTime;
    const ageMs = this.nowMs() - performanceTime;
    const sane = contextTime > 0 && latency > -0.1 && latency < LATENCY_S_MAX && Math.abs(ageMs) < AGE_MS_MAX;
    return sane ? performanceTime - contextTime * 1000 : null;
  }

  #fromLatency(): number {
    const latency = Math.min(this.context.outputLatency ?? this.context.baseLatency ?? 0, LATENCY_S_MAX);
    return this.nowMs() - (this.context.currentTime - latency) * 1000;
  }
}
