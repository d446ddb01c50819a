import { center, median, quantile } from '../util/numbers';

/**
 * The buffer depth of an output: how long before it is heard a sample is rendered.
 *
 * The true depth stays the same as long as the output exists, across lost sound and from one context to the next:
 * within 0.2 ms in recordings beside Chromium on PulseAudio, with sound cards and browsers stopped for up to a second.
 * The *reported* depth does not. PulseAudio estimates a rate that swings by some per cent after a start, and its report
 * swings by up to 35 ms for up to 20 s; lost sound appears as a change of depth by the lost duration. The average
 * report of the first two seconds is still right to about 1 ms (0.5 ms root mean square over 40 starts).
 *
 * So that average is used first, and later the median of the reports of settled times. Until then the difference
 * between the two shows which is wrong: a swing ends, a wrong first report does not.
 */

const FIRST_MS = 2_000;
const FIRST_MIN = 10;
/** Reports that stay within this range for this long are right; reports that never settle are believed eventually. */
const SETTLED_MS = 10_000;
const SETTLED_RANGE_MS = 1;
const SWING_MS_MAX = 60_000;
/** A start's swing peaks well before this, and shrinks by a third from each of these intervals to the next. */
const SWUNG_MS = 9_000;
const SPAN_MS = 2_000;
/** The first report was wrong when recent reports differ by more than this, and still by as much as before. */
const WRONG_MS = 3;
const LASTING = [0.85, 1.3] as const;
/** Sampling once a second is as good as every reading, and sorts less. */
const LEARN_EVERY_MS = 1_000;
const LEARNED_MAX = 60;
/** When settled reports differ from the learned depth by more than this, another output reports. */
const OTHER_MS = 10;
/** Uncertainty of either: one standard deviation. */
const FIRST_DEVIATION_MS = 0.6;
const LEARNED_DEVIATION_MS = 0.2;

interface Told {
  at_ms: number;
  ms: number;
}

export class OutputDepth {
  #ms = 0;
  /** Reports while they were settled. */
  #learned: number[] = [];
  #learnedAtMs = 0;
  #atMs = 0;
  /** Until when reports are believed as they are; `null`: no report yet. */
  #firstUntilMs: number | null = null;
  #firstCount = 0;
  /** Recent reports, since a stream started or sound was lost. */
  #recent: Told[] = [];
  #sinceMs: number | null = null;

  get ms(): number {
    return this.#ms;
  }

  /** Reports are believed as they are. */
  get isNew(): boolean {
    return this.#learned.length === 0 && (this.#firstUntilMs === null || this.#atMs < this.#firstUntilMs);
  }

  get deviationMs(): number {
    return this.#learned.length > 0 ? LEARNED_DEVIATION_MS : FIRST_DEVIATION_MS;
  }

  /** A stream starts: reports may swing from here on. */
  unsettle(): void {
    this.#recent = [];
    this.#sinceMs = null;
    this.#firstUntilMs = this.#firstCount < FIRST_MIN ? null : Number.NEGATIVE_INFINITY;
    if (this.#firstUntilMs === null) this.#firstCount = 0;
  }

  /** Sound was lost: reports may swing from here on; `reportedMs` was reported before. */
  lose(sinceMs: number, reportedMs: number): void {
    if (this.#learned.length === 0 && this.#firstUntilMs !== null && sinceMs < this.#firstUntilMs) {
      this.#ms = reportedMs;
      this.#firstCount = FIRST_MIN;
    }
    this.unsettle();
  }

  /** Another output, or another reporter, may be in use. */
  forget(): void {
    this.#learned = [];
    this.#firstCount = 0;
    this.unsettle();
  }

  /** The report is a median of several readings, without single misreadings. */
  take(atMs: number, reportedMs: number): void {
    this.#atMs = atMs;
    this.#sinceMs ??= atMs;
    this.#firstUntilMs ??= atMs + FIRST_MS;
    this.#recent = [...this.#recent.filter(({ at_ms }) => atMs - at_ms < SETTLED_MS), { at_ms: atMs, ms: reportedMs }];
    if (this.#hasSettled(atMs)) this.#learn(atMs);
    else if (this.isNew || (this.#learned.length === 0 && this.#firstCount < FIRST_MIN)) {
      this.#ms = reportedMs;
      this.#firstCount += 1;
    } else if (this.#learned.length === 0 && atMs - this.#sinceMs > SWUNG_MS) this.#checkFirstReport(atMs);
  }

  /** Not after lost sound: reports are then wrong by more, and for longer. */
  #checkFirstReport(atMs: number): void {
    if (this.#firstUntilMs === Number.NEGATIVE_INFINITY) return;
    const offMs = (untilMs: number) =>
      median(this.#recent.filter(({ at_ms }) => untilMs - SPAN_MS < at_ms && at_ms <= untilMs).map(({ ms }) => ms)) -
      this.#ms;
    const [latelyMs, beforeMs] = [offMs(atMs), offMs(atMs - SPAN_MS)];
    const left = latelyMs / beforeMs;
    if (Math.abs(latelyMs) > WRONG_MS && left > LASTING[0] && left < LASTING[1]) this.#ms += latelyMs;
  }

  #learn(atMs: number): void {
    const ms = median(this.#recent.map((reported) => reported.ms));
    if (this.#learned.length === 0 || Math.abs(ms - this.#ms) > OTHER_MS) this.#learned = [ms];
    else if (atMs - this.#learnedAtMs < LEARN_EVERY_MS) return;
    else this.#learned = [...this.#learned.slice(1 - LEARNED_MAX), ms];
    this.#learnedAtMs = atMs;
    this.#ms = center(this.#learned);
  }

  #hasSettled(atMs: number): boolean {
    const ageMs = atMs - this.#sinceMs!;
    if (ageMs < SETTLED_MS) return false;
    const reported = this.#recent.map(({ ms }) => ms);
    return ageMs > SWING_MS_MAX || quantile(reported, 0.9) - quantile(reported, 0.1) < SETTLED_RANGE_MS;
  }
}
