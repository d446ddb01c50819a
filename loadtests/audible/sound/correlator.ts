import { Fft } from './fft.ts';
import { SILENCE } from './silence.ts';

/**
 * Measures the offset between two channels from the sound alone. Each window of `a` is searched in `b`, up to `reachMs` to
 * either side, by cross-correlation; parabolic interpolation finds the peak between samples.
 *
 * Positive means that `b` is late. Does not tell which of them is right. The sound must be aperiodic, or the peak is
 * ambiguous.
 */

export interface Match {
  offset_ms: number;
  /** Normalised correlation at the peak: 1 for the same sound, 0 for unrelated sounds. */
  confidence: number;
}

export interface Window extends Match {
  /** Start of the window in the recording. */
  at_s: number;
}

/** A window without a measurement. */
export interface Unheard {
  at_s: number;
  /** `silent`: one channel was silent. `unclear`: the channels played different sounds. */
  why: 'silent' | 'unclear';
}

export const WINDOW_MS = 1_000;
/** A device with a larger offset is out of sync, whatever the figure. */
export const REACH_MS = 500;
/** Below this, the peak might be random. A window with the largest allowed rate change reaches twice as much. */
export const CONFIDENCE_MIN = 0.2;

export class Correlator {
  readonly #fft: Fft;
  readonly #window: number;
  readonly #reach: number;

  constructor(
    private readonly sampleRate: number,
    windowMs = WINDOW_MS,
    reachMs = REACH_MS,
  ) {
    this.#window = Math.round((windowMs * sampleRate) / 1000);
    this.#reach = Math.round((reachMs * sampleRate) / 1000);
    this.#fft = new Fft(2 ** Math.ceil(Math.log2(this.#window + 2 * this.#reach)));
  }

  /** Consecutive whole windows from `fromMs` to `untilMs`. */
  windows(a: Float32Array, b: Float32Array, fromMs: number, untilMs: number): (Window | Unheard)[] {
    const found: (Window | Unheard)[] = [];
    const end = Math.min(Math.round((untilMs * this.sampleRate) / 1000), a.length, b.length);
    let at = Math.max(0, Math.round((fromMs * this.sampleRate) / 1000));
    for (; at + this.#window <= end; at += this.#window) {
      const at_s = at / this.sampleRate;
      const match = this.match(a, b, at);
      if (match === null) found.push({ at_s, why: 'silent' });
      else if (match.confidence < CONFIDENCE_MIN) found.push({ at_s, why: 'unclear' });
      else found.push({ at_s, ...match });
    }
    return found;
  }

  /** Finds the window of `a` at sample `at` in `b`; `null` if one of them is silent there. */
  match(a: Float32Array, b: Float32Array, at: number): Match | null {
    const [window, reach, size] = [this.#window, this.#reach, this.#fft.size];
    const [aRe, aIm] = [new Float64Array(size), new Float64Array(size)];
    const [bRe, bIm] = [new Float64Array(size), new Float64Array(size)];
    for (let n = 0; n < window; n += 1) aRe[n] = a[at + n] ?? 0;
    for (let n = 0; n < window + 2 * reach; n += 1) bRe[n] = b[at - reach + n] ?? 0;
    const energyA = energy(aRe, 0, window);
    const energyHere = energy(bRe, reach, reach + window);
    const silence = window * SILENCE ** 2;
    if (energyA < silence || energyHere < silence) return null;
    const energyB = this.#energies(bRe);

    this.#fft.forward(aRe, aIm);
    this.#fft.forward(bRe, bIm);
    for (let k = 0; k < size; k += 1) {
      const re = aRe[k]! * bRe[k]! + aIm[k]! * bIm[k]!;
      const im = aRe[k]! * bIm[k]! - aIm[k]! * bRe[k]!;
      aRe[k] = re;
      aIm[k] = im;
    }
    this.#fft.inverse(aRe, aIm);

    // A silent part is no match, however well its noise fits.
    const scaled = (lag: number) => aRe[lag]! / Math.sqrt(energyA * Math.max(energyB[lag]!, silence));
    let best = 0;
    for (let lag = 1; lag <= 2 * reach; lag += 1) if (scaled(lag) > scaled(best)) best = lag;
    const [before, peak, after] = [scaled(Math.max(0, best - 1)), scaled(best), scaled(Math.min(2 * reach, best + 1))];
    const bend = before - 2 * peak + after;
    const between = bend === 0 ? 0 : (0.5 * (before - after)) / bend;
    return { offset_ms: ((best - reach + between) * 1000) / this.sampleRate, confidence: peak };
  }

  /** The energy of `b` in the window at each lag. */
  #energies(b: Float64Array): Float64Array {
    const energies = new Float64Array(2 * this.#reach + 1);
    let sum = energy(b, 0, this.#window);
    for (let lag = 0; lag < energies.length; lag += 1) {
      energies[lag] = sum;
      sum += b[lag + this.#window]! ** 2 - b[lag]! ** 2;
    }
    return energies;
  }
}

function energy(samples: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let n = from; n < to; n += 1) sum += samples[n]! ** 2;
  return sum;
}
