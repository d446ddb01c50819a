import { median, spread } from '../util/numbers';

/**
 * Decides when a player that can only seek should seek. Pure. A seek is an audible gap, so errors within the dead band
 * or within their scatter stay. After a seek it waits, longer if the last one helped less.
 */

/** A seek cannot improve this: its own scatter is about as large. */
const DEAD_BAND_MS = 250;
const MEASURES_WANTED = 3;
const MEASURES_MAX = 5;
const PAUSE_MS = 10_000;
const PAUSE_MS_MAX = 120_000;
/** A seek after this time has a new cause. */
const CALM_MS = 60_000;

export interface SeekMeasure {
  /** Any steady clock. */
  atMs: number;
  /** Positive is late. */
  errorMs: number;
}

export class SeekCorrector {
  #measures: SeekMeasure[] = [];
  #lastSeekMs = Number.NEGATIVE_INFINITY;
  #pauseMs = PAUSE_MS;

  /** Whether to seek now. The caller confirms with `seeked`. */
  take(measure: SeekMeasure): boolean {
    this.#measures = [...this.#measures, measure].slice(-MEASURES_MAX);
    if (this.#measures.length < MEASURES_WANTED) return false;
    if (measure.atMs - this.#lastSeekMs < this.#pauseMs) return false;
    const latest = this.#measures.slice(-MEASURES_WANTED).map(({ errorMs }) => errorMs);
    return latest.every((ms) => ms > DEAD_BAND_MS) || latest.every((ms) => ms < -DEAD_BAND_MS);
  }

  seeked(atMs: number): void {
    const again = atMs - this.#lastSeekMs < CALM_MS + this.#pauseMs;
    this.#pauseMs = again ? Math.min(2 * this.#pauseMs, PAUSE_MS_MAX) : PAUSE_MS;
    this.#lastSeekMs = atMs;
    this.#measures = [];
  }

  /** Another track or position. The wait after the last seek is kept. */
  forget(): void {
    this.#measures = [];
  }

  get errorMs(): number | null {
    return this.#measures.length === 0 ? null : median(this.#measures.map(({ errorMs }) => errorMs));
  }

  /** One standard deviation, from the scatter. */
  get deviationMs(): number | null {
    return this.#measures.length < MEASURES_WANTED ? null : spread(this.#measures.map(({ errorMs }) => errorMs));
  }
}
