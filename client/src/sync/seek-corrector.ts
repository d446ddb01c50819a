import { median, spread } from '../util/numbers';

/**
 * Decides when a player that can only seek is to seek. Pure. A seek is heard as a gap, so an error within the dead band
 * stays, and so does one that may be scatter; after a seek it waits, the longer the less the last one helped.
 */

/** What a seek cannot better: its own scatter is about as large. */
const DEAD_BAND_MS = 250;
const MEASURES_WANTED = 3;
const MEASURES_MAX = 5;
const PAUSE_MS = 10_000;
const PAUSE_MS_MAX = 120_000;
/** A seek after so long is about something new. */
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

  /** Whether to seek now. Whoever does says so, by `seeked`. */
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

  /** Another track, or another place in it. How long to wait after the last seek is not forgotten. */
  forget(): void {
    this.#measures = [];
  }

  get errorMs(): number | null {
    return this.#measures.length === 0 ? null : median(this.#measures.map(({ errorMs }) => errorMs));
  }

  /** One standard deviation, as far as the scatter shows it. */
  get deviationMs(): number | null {
    return this.#measures.length < MEASURES_WANTED ? null : spread(this.#measures.map(({ errorMs }) => errorMs));
  }
}
