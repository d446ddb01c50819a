/**
 * The exact sample that a buffer source plays at a context time, however its rate was changed. Starts are on whole
 * frames, and the rate leaves 1 only for a *nudge*: from one render quantum to a later one, at a rate that gains or
 * loses a whole number of samples. After a nudge samples play unresampled again, and no error accumulates.
 */

/** A source's rate changes only between render quanta. */
const QUANTUM = 128;
/** An inaudible change of pitch: a twentieth of a semitone. */
export const RATE_CHANGE_MAX = 0.003;
/** A small error is corrected within this time; a larger one takes as long as the rate requires. */
const NUDGE_S = 2;
/** A change of rate needs this lead to reach the audio thread in time. */
const LEAD_S = 0.02;

export interface Nudge {
  /** Context times, half a frame before a quantum so that rounding cannot select the next one. */
  at: number;
  until: number;
  /** In single precision, as the audio thread stores it. */
  rate: number;
}

interface Segment {
  frame: number;
  /** Frames into the buffer. */
  position: number;
  rate: number;
}

export class Playhead {
  /** Context time of the first sample, and its position in the buffer, in seconds on whole frames. */
  readonly at: number;
  readonly offset: number;
  #segments: Segment[];

  constructor(
    at: number,
    offset: number,
    private readonly sampleRate: number,
  ) {
    const frame = Math.round(at * sampleRate);
    const position = Math.max(0, frame + Math.round((offset - at) * sampleRate));
    this.#segments = [{ frame, position, rate: 1 }];
    this.at = frame / sampleRate;
    this.offset = position / sampleRate;
  }

  /** Seconds into the buffer; before the start, extrapolated. */
  offsetAt(contextTime: number): number {
    const frame = contextTime * this.sampleRate;
    const segment = this.#segments.findLast((known) => known.frame <= frame) ?? this.#segments[0]!;
    return (segment.position + (frame - segment.frame) * segment.rate) / this.sampleRate;
  }

  /** The context time at which the last nudge ends. */
  get steadyFrom(): number {
    return this.#segments.at(-1)!.frame / this.sampleRate;
  }

  /**
   * Schedules a shift by `shift` seconds (negative: back) soon after `contextTime`. `null`: too small to change
   * anything.
   */
  nudge(shift: number, contextTime: number): Nudge | null {
    const samples = Math.round(shift * this.sampleRate);
    if (samples === 0) return null;
    const from = Math.max((contextTime + LEAD_S) * this.sampleRate, this.#segments.at(-1)!.frame);
    const frame = Math.ceil(from / QUANTUM) * QUANTUM;
    const shortest = Math.abs(samples) / (RATE_CHANGE_MAX * QUANTUM);
    const quanta = Math.max(Math.ceil((NUDGE_S * this.sampleRate) / QUANTUM), Math.ceil(shortest));
    const frames = quanta * QUANTUM;
    const rate = Math.fround(1 + samples / frames);
    const position = this.offsetAt(frame / this.sampleRate) * this.sampleRate;
    this.#segments.push({ frame, position, rate });
    this.#segments.push({ frame: frame + frames, position: position + frames * rate, rate: 1 });
    return { at: (frame - 0.5) / this.sampleRate, until: (frame + frames - 0.5) / this.sampleRate, rate };
  }
}
