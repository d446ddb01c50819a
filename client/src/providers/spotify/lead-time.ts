import type { Memory } from '../../browser/storage';
import { SeekCorrector, type SeekMeasure } from '../../sync/seek-corrector';
import { StartBias } from '../../sync/start-bias';

/**
 * How early starts and seeks must be sent on this device. Measures the remaining error after each, decides whether it
 * is worth a seek, and learns from it once.
 */

const START_GUESS_MS = 450;
const SEEK_GUESS_MS = 150;
/** Uncertainty of an SDK position in any case. */
const DEVIATION_MS_MIN = 30;

export class LeadTime {
  errorMs: number | null = null;
  #corrector = new SeekCorrector();
  #start: StartBias;
  #seek: StartBias;
  /** The last command and its lead, until something was learned from it. */
  #aimed: { bias: StartBias; ms: number } | null = null;

  constructor(memory: Memory) {
    this.#start = new StartBias(memory, 'tutti.spotify-start', START_GUESS_MS);
    this.#seek = new StartBias(memory, 'tutti.spotify-seek', SEEK_GUESS_MS);
  }

  /** The lead of the next start. */
  get startMs(): number {
    return this.#start.ms;
  }

  /** A start or seek happens now; returns its lead. */
  at(what: 'start' | 'seek', atMs: number): number {
    const bias = what === 'start' ? this.#start : this.#seek;
    this.#aimed = { bias, ms: bias.ms };
    if (what === 'seek') this.#corrector.seeked(atMs);
    return bias.ms;
  }

  /** Whether the error is large and certain enough to be worth the gap of a seek. */
  take(measure: SeekMeasure): boolean {
    const seeks = this.#corrector.take(measure);
    this.errorMs = this.#corrector.errorMs;
    if (this.isSure && this.#aimed !== null && this.errorMs !== null) {
      this.#aimed.bias.learn(this.#aimed.ms + this.errorMs);
      this.#aimed = null;
    }
    return seeks;
  }

  /** Whether there are enough measurements. */
  get isSure(): boolean {
    return this.#corrector.deviationMs !== null;
  }

  /** Uncertainty of `errorMs`, given the clock's. */
  deviationMs(clockMs: number): number | null {
    if (this.errorMs === null) return null;
    return Math.hypot(DEVIATION_MS_MIN, clockMs, this.#corrector.deviationMs ?? DEVIATION_MS_MIN);
  }

  /** Another track, or another position in it. */
  forget(): void {
    this.errorMs = null;
    this.#aimed = null;
    this.#corrector.forget();
  }
}
