import { median, spread } from '../util/numbers';

/**
 * Decides how a device that is off the room's timeline comes back to it, from what it measures. Pure. Nothing is done
 * below what is tolerated of such a sound, nor below what the measurement itself may be wrong by: chasing noise would be
 * heard, being off by as little is not. A small error is *nudged* away, by a rate that nobody hears; a large one, after a stall or a sleep,
 * by one *jump*, which is a short cross-fade. After either it waits until it can see what came of it.
 */

/** How closely a sound can be steered, and what is not worth it. */
export interface CorrectionLimits {
  /** Less is left alone. */
  toleratedMs: number;
  /** More is not worth a nudge: it takes the right place anew. */
  jumpMs: number;
  /** What it says of its own place may be wrong by so much: one standard deviation. */
  deviationMs: number;
}

export interface Measure {
  /** Any steady clock. */
  atMs: number;
  /** Positive is late. */
  errorMs: number;
  /** What clock and output may be wrong by: one standard deviation. */
  deviationMs: number;
}

export type Correction =
  /** Be further on by so much, soon. */
  | { kind: 'nudge'; shiftMs: number }
  /** Take the right place anew. */
  | { kind: 'jump' };

/** In deviations: what is worth a nudge, and what is worth a jump. */
const NUDGE_DEVIATIONS = 1;
const JUMP_DEVIATIONS = 4;
/** Who looks ten times a second sees every coincidence: what is seen has to stand out of its own scatter by so much. */
const SURE_DEVIATIONS = 3;
/** What is judged together. A page in the background may measure once a second only. */
const MEASURES_MAX = 15;
const AGE_MS_MAX = 10_000;
const NUDGE_MEASURES = 5;
const JUMP_MEASURES = 3;
/** The output's clock knows what a nudge did when its own readings have been replaced. */
const SETTLE_MS = 500;
/** Where the last nudge went the same way, the sound card drifts: then aim beyond, and be needed half as often. */
const AHEAD_MS = 0.3;
const DRIFTING_MS = 40_000;
/** A device that needs one jump after the other is not helped by them: each further one waits twice as long. */
const JUMP_PAUSE_MS = 1_500;
const JUMP_PAUSE_MS_MAX = 30_000;
const CALM_MS = 20_000;

export class Corrector {
  #measures: Measure[] = [];
  #quietUntilMs = Number.NEGATIVE_INFINITY;
  #lastNudge = { atMs: Number.NEGATIVE_INFINITY, direction: 0 };
  #lastJumpMs = Number.NEGATIVE_INFINITY;
  #jumpPauseMs = JUMP_PAUSE_MS;

  /** What is to be done now; `null`: nothing. Whoever does it says so, by `nudged` or `jumped`. */
  take(measure: Measure, limits: CorrectionLimits): Correction | null {
    const young = this.#measures.filter(({ atMs }) => measure.atMs - atMs < AGE_MS_MAX);
    this.#measures = [...young.slice(1 - MEASURES_MAX), measure];
    if (this.#isLost(limits)) return measure.atMs - this.#lastJumpMs >= this.#jumpPauseMs ? { kind: 'jump' } : null;
    return this.#nudge(measure, limits);
  }

  /** What a nudge is doing until then does not count as seen. */
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

  /** Another track, or another place in it: what was measured before was about something else. */
  forget(): void {
    this.#measures = [];
    this.#quietUntilMs = Number.NEGATIVE_INFINITY;
  }

  /** The error as it is at the moment, by more than one measure. */
  get errorMs(): number | null {
    if (this.#measures.length === 0) return null;
    return median(this.#measures.slice(-NUDGE_MEASURES).map(({ errorMs }) => errorMs));
  }

  #isLost({ jumpMs }: CorrectionLimits): boolean {
    const latest = this.#measures.slice(-JUMP_MEASURES);
    const isFar = ({ errorMs, deviationMs }: Measure) =>
      Math.abs(errorMs) > Math.max(jumpMs, JUMP_DEVIATIONS * deviationMs);
    return latest.length === JUMP_MEASURES && latest.every(isFar) && isOneSided(latest);
  }

  #nudge({ atMs }: Measure, { toleratedMs }: CorrectionLimits): Correction | null {
    const seen = this.#measures.filter((measure) => measure.atMs >= this.#quietUntilMs);
    if (seen.length < NUDGE_MEASURES) return null;
    const errors = seen.map((measure) => measure.errorMs);
    const errorMs = median(errors);
    const deviationMs = median(seen.map((measure) => measure.deviationMs));
    const noiseMs = (SURE_DEVIATIONS * spread(errors)) / Math.sqrt(errors.length);
    if (Math.abs(errorMs) < Math.max(toleratedMs, NUDGE_DEVIATIONS * deviationMs) + noiseMs) return null;
    const direction = Math.sign(errorMs);
    const drifts = direction === this.#lastNudge.direction && atMs - this.#lastNudge.atMs < DRIFTING_MS;
    return { kind: 'nudge', shiftMs: errorMs + (drifts ? direction * AHEAD_MS : 0) };
  }
}

function isOneSided(measures: Measure[]): boolean {
  return measures.every(({ errorMs }) => errorMs > 0) || measures.every(({ errorMs }) => errorMs < 0);
}
