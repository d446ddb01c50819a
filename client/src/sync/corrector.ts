import { median, spread } from '../util/numbers';

/**
 * Decides how a device that is off the room's timeline is corrected, from its measurements. Pure. Errors below the
 * tolerance, or below the measurement's uncertainty, are left alone: correcting noise would be audible, the error is
 * not. A small error is *nudged* away by an inaudible change of rate; a large one, after a stall or a sleep, by one
 * *jump*, a short cross-fade. After either it waits until the effect can be measured.
 */

export interface Measure {
  /** Any steady clock. */
  atMs: number;
  /** Positive is late. */
  errorMs: number;
  /** Uncertainty of the server's clock and the output clock: one standard deviation. */
  deviationMs: number;
}

export type Correction =
  /** Shift the position by this much, soon. */
  | { kind: 'nudge'; shiftMs: number }
  /** Move to the right position. */
  | { kind: 'jump' };

/** Two devices may be off in opposite directions: a millisecond in total. */
const TOLERATED_MS = 0.5;
/** Nudging more than this would take too long. */
const JUMP_MS = 10;
/** In deviations: what is worth a nudge, and what is worth a jump. */
const NUDGE_DEVIATIONS = 1;
const JUMP_DEVIATIONS = 4;
/**
 * At ten measurements a second coincidences are frequent: an error must exceed its own scatter by this many deviations.
 */
const SURE_DEVIATIONS = 3;
/** Measurements that are judged together. A background page may measure only once a second. */
const MEASURES_MAX = 15;
const AGE_MS_MAX = 10_000;
const NUDGE_MEASURES = 5;
const JUMP_MEASURES = 3;
/** The output clock shows the effect of a nudge when its readings have been replaced. */
const SETTLE_MS = 500;
/**
 * When the last nudge went the same way, the sound card drifts: aim beyond zero, so that half as many nudges are
 * necessary.
 */
const AHEAD_MS = 0.3;
const DRIFTING_MS = 40_000;
/** When jumps follow each other they do not help: the wait doubles each time. */
const JUMP_PAUSE_MS = 1_500;
const JUMP_PAUSE_MS_MAX = 30_000;
const CALM_MS = 20_000;

export class Corrector {
  #measures: Measure[] = [];
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #lastNudge = { atMs: Number.NEGATIVE_INFINITY, direction: 0 };
  #lastJumpMs = Number.NEGATIVE_INFINITY;
  #jumpPauseMs = JUMP_PAUSE_MS;

  /** The correction to apply now; `null`: none. The caller confirms with `nudged` or `jumped`. */
  take(measure: Measure): Correction | null {
    const young = this.#measures.filter(({ atMs }) => measure.atMs - atMs < AGE_MS_MAX);
    this.#measures = [...young.slice(1 - MEASURES_MAX), measure];
    if (this.#isLost()) return measure.atMs - this.#lastJumpMs >= this.#jumpPauseMs ? { kind: 'jump' } : null;
    return this.#nudge(measure);
  }

  /** Until then the effect of a nudge is not measured. */
  nudged(shiftMs: number, atMs: number, untilMs: number): void {
    this.#lastNudge = { atMs, direction: Math.sign(shiftMs) };
    this.#quietUntilMs = untilMs + SETTLE_MS;
  }

  jumped(atMs: number): void {
    const again = atMs - this.#lastJumpMs < CALM_MS + this.#jumpPauseMs;
    this.#jumpPauseMs = again ? Math.min(2 * this.#jumpPauseMs, JUMP_PAUSE_MS_MAX) : JUMP_PAUSE_MS;
    this.#lastJumpMs = atMs;
    this.#measures = [];
    this.#quietUntilMs = atMs + SETTLE_MS;
  }

  /** Another track or position: earlier measurements are void. */
  forget(): void {
    this.#measures = [];
    this.#quietUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The current error, smoothed over several measurements. */
  get errorMs(): number | null {
    if (this.#measures.length === 0) return null;
    return median(this.#measures.slice(-NUDGE_MEASURES).map(({ errorMs }) => errorMs));
  }

  #isLost(): boolean {
    const latest = this.#measures.slice(-JUMP_MEASURES);
    const isFar = ({ errorMs, deviationMs }: Measure) =>
      Math.abs(errorMs) > Math.max(JUMP_MS, JUMP_DEVIATIONS * deviationMs);
    return latest.length === JUMP_MEASURES && latest.every(isFar) && isOneSided(latest);
  }

  #nudge({ atMs }: Measure): Correction | null {
    const seen = this.#measures.filter((measure) => measure.atMs >= this.#quietUntilMs);
    if (seen.length < NUDGE_MEASURES) return null;
    const errors = seen.map((measure) => measure.errorMs);
    const errorMs = median(errors);
    const deviationMs = median(seen.map((measure) => measure.deviationMs));
    const noiseMs = (SURE_DEVIATIONS * spread(errors)) / Math.sqrt(errors.length);
    if (Math.abs(errorMs) < Math.max(TOLERATED_MS, NUDGE_DEVIATIONS * deviationMs) + noiseMs) return null;
    const direction = Math.sign(errorMs);
    const drifts = direction === this.#lastNudge.direction && atMs - this.#lastNudge.atMs < DRIFTING_MS;
    return { kind: 'nudge', shiftMs: errorMs + (drifts ? direction * AHEAD_MS : 0) };
  }
}

function isOneSided(measures: Measure[]): boolean {
  return measures.every(({ errorMs }) => errorMs > 0) || measures.every(({ errorMs }) => errorMs < 0);
}
