import { center, median, quantile } from '../util/numbers';

/**
 * How long before it is heard a sample is rendered to some output: how deep its buffers are. That stays what it is for as
 * long as the output does, through losses of sound and from one context to the next: heard beside Chromium on PulseAudio,
 * within 0.2 ms where sound cards and browsers stood still for up to a second. What a system *tells* does not. PulseAudio
 * estimates a rate, which swings by some per cent after a start, and what it tells with it, by up to 35 ms for up to 20 s;
 * and a loss of sound it takes for a change of depth, by as much as was lost. What it tells on average of its first two
 * seconds is mostly right to 1 ms even so (of 40 starts to 0.5 ms in the root mean square). That is held first, and then
 * the middle of all that was told while that kept still. Before that, a difference between the two tells which of them is
 * wrong: a swing comes to its end, what was told wrong at first does not.
 */

const FIRST_MS = 2_000;
const FIRST_MIN = 10;
/** What keeps to so little for so long is right, and what never does is believed in the end. */
const STILL_MS = 10_000;
const STILL_SPAN_MS = 1;
const SWING_MS_MAX = 60_000;
/** The swing of a start is at its largest well before this, and then gets smaller by a third from each of these spans to the next. */
const SWUNG_MS = 9_000;
const SPAN_MS = 2_000;
/** What was told first is wrong where what is told lately is off by more than this, and by as much as it was before. */
const WRONG_MS = 3;
const LASTING = [0.85, 1.3] as const;
/** Once a second says as much as each time, and sorts less. */
const LEARN_EVERY_MS = 1_000;
const LEARNED_MAX = 60;
/** Where what keeps still is further from what was learned than this, it is another output that tells. */
const OTHER_MS = 10;
/** What either may be wrong by: one standard deviation. */
const FIRST_DEVIATION_MS = 0.6;
const LEARNED_DEVIATION_MS = 0.2;

interface Told {
  at_ms: number;
  ms: number;
}

export class OutputDepth {
  #ms = 0;
  /** What was told while that kept still. */
  #learned: number[] = [];
  #learnedAtMs = 0;
  #atMs = 0;
  /** Until when what is told is believed as it is; `null`: nothing was told yet. */
  #firstUntilMs: number | null = null;
  #firstCount = 0;
  /** What was told lately, since a stream began or sound was lost. */
  #recent: Told[] = [];
  #sinceMs: number | null = null;

  get ms(): number {
    return this.#ms;
  }

  /** What is told is believed as it is. */
  get isNew(): boolean {
    return this.#learned.length === 0 && (this.#firstUntilMs === null || this.#atMs < this.#firstUntilMs);
  }

  get deviationMs(): number {
    return this.#learned.length > 0 ? LEARNED_DEVIATION_MS : FIRST_DEVIATION_MS;
  }

  /** A stream begins: what is told may swing from here on. */
  unsettle(): void {
    this.#recent = [];
    this.#sinceMs = null;
    this.#firstUntilMs = this.#firstCount < FIRST_MIN ? null : Number.NEGATIVE_INFINITY;
    if (this.#firstUntilMs === null) this.#firstCount = 0;
  }

  /** Sound was lost, since then, and what is told may swing from here on; this was told before. */
  lose(sinceMs: number, toldMs: number): void {
    if (this.#learned.length === 0 && this.#firstUntilMs !== null && sinceMs < this.#firstUntilMs) {
      this.#ms = toldMs;
      this.#firstCount = FIRST_MIN;
    }
    this.unsettle();
  }

  /** It may be another output, or somebody else tells. */
  forget(): void {
    this.#learned = [];
    this.#firstCount = 0;
    this.unsettle();
  }

  /** What is told is the middle of some readings: no single misreading is in it. */
  take(atMs: number, toldMs: number): void {
    this.#atMs = atMs;
    this.#sinceMs ??= atMs;
    this.#firstUntilMs ??= atMs + FIRST_MS;
    this.#recent = [...this.#recent.filter(({ at_ms }) => atMs - at_ms < STILL_MS), { at_ms: atMs, ms: toldMs }];
    if (this.#keepsStill(atMs)) this.#learn(atMs);
    else if (this.isNew || (this.#learned.length === 0 && this.#firstCount < FIRST_MIN)) {
      this.#ms = toldMs;
      this.#firstCount += 1;
    } else if (this.#learned.length === 0 && atMs - this.#sinceMs > SWUNG_MS) this.#doubt(atMs);
  }

  /** Not after a loss: what is told then is off by more, and for longer. */
  #doubt(atMs: number): void {
    if (this.#firstUntilMs === Number.NEGATIVE_INFINITY) return;
    const offMs = (untilMs: number) =>
      median(this.#recent.filter(({ at_ms }) => untilMs - SPAN_MS < at_ms && at_ms <= untilMs).map(({ ms }) => ms)) -
      this.#ms;
    const [latelyMs, beforeMs] = [offMs(atMs), offMs(atMs - SPAN_MS)];
    const left = latelyMs / beforeMs;
    if (Math.abs(latelyMs) > WRONG_MS && left > LASTING[0] && left < LASTING[1]) this.#ms += latelyMs;
  }

  #learn(atMs: number): void {
    const ms = median(this.#recent.map((told) => told.ms));
    if (this.#learned.length === 0 || Math.abs(ms - this.#ms) > OTHER_MS) this.#learned = [ms];
    else if (atMs - this.#learnedAtMs < LEARN_EVERY_MS) return;
    else this.#learned = [...this.#learned.slice(1 - LEARNED_MAX), ms];
    this.#learnedAtMs = atMs;
    this.#ms = center(this.#learned);
  }

  #keepsStill(atMs: number): boolean {
    const ageMs = atMs - this.#sinceMs!;
    if (ageMs < STILL_MS) return false;
    const told = this.#recent.map(({ ms }) => ms);
    return ageMs > SWING_MS_MAX || quantile(told, 0.9) - quantile(told, 0.1) < STILL_SPAN_MS;
  }
}
