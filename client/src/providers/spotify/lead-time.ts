import type { Memory } from '../../browser/storage';
import { SeekCorrector, type SeekMeasure } from '../../sync/seek-corrector';
import { StartBias } from '../../sync/start-bias';

/**
 * How far ahead starts and seeks are aimed on this device, and what remains of their error: measured, judged, and learned
 * from once after each.
 */

const START_GUESS_MS = 450;
const SEEK_GUESS_MS = 150;
/** What a position out of the SDK may be wrong by, whatever else is known. */
const DEVIATION_MS_MIN = 30;

export class LeadTime {
  errorMs: number | null = null;
  #corrector = new SeekCorrector();
  #start: StartBias;
  #seek: StartBias;
  /** What was aimed last, and by how much, until it was learned from. */
  #aimed: { bias: StartBias; ms: number } | null = null;

  constructor(memory: Memory) {
    this.#start = new StartBias(memory, 'tutti.spotify-start', START_GUESS_MS);
    this.#seek = new StartBias(memory, 'tutti.spotify-seek', SEEK_GUESS_MS);
  }

  /** What a start would be aimed ahead by. */
  get startMs(): number {
    return this.#start.ms;
  }

  /** One of both is done now; by how much it is to be aimed ahead. */
  at(what: 'start' | 'seek', atMs: number): number {
    const bias = what === 'start' ? this.#start : this.#seek;
    this.#aimed = { bias, ms: bias.ms };
    if (what === 'seek') this.#corrector.seeked(atMs);
    return bias.ms;
  }

  /** Whether it is off by so much, so surely, that a seek is worth its gap. */
  take(measure: SeekMeasure): boolean {
    const seeks = this.#corrector.take(measure);
    this.errorMs = this.#corrector.errorMs;
    if (this.isSure && this.#aimed !== null && this.errorMs !== null) {
      this.#aimed.bias.learn(this.#aimed.ms + this.errorMs);
      this.#aimed = null;
    }
    return seeks;
  }

  /** Whether it was measured often enough to be believed. */
  get isSure(): boolean {
    return this.#corrector.deviationMs !== null;
  }

  /** What `errorMs` may be wrong by, where the clock may be wrong by so much. */
  deviationMs(clockMs: number): number | null {
    if (this.errorMs === null) return null;
    return Math.hypot(DEVIATION_MS_MIN, clockMs, this.#corrector.deviationMs ?? DEVIATION_MS_MIN);
  }

  /** Another track, or another place in it. */
  forget(): void {
    this.errorMs = null;
    this.#aimed = null;
    this.#corrector.forget();
  }
}
