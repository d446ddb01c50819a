/**
 * Which sample of its buffer a source plays at which moment of the context, exactly, however its rate was changed. For
 * that, starts are on whole frames, and the rate leaves 1 only for a *nudge*: from one render quantum to a later one,
 * at such a rate that a whole number of samples is gained or lost in between. So after a nudge samples are played as
 * they are again, not interpolated, and no error adds up.
 */

/** The rate of a source changes between two of these only. */
const QUANTUM = 128;
/** Nobody hears that the pitch differs by so little, for a moment: a twentieth of a semitone. */
export const RATE_CHANGE_MAX = 0.003;
/** A small error is made good in this time; a larger one takes as long as the rate allows. */
const NUDGE_S = 2;
/** A change of rate has to reach the audio thread before it is due. */
const LEAD_S = 0.02;

export interface Nudge {
  /** Context times. Half a frame before a quantum, so that rounding cannot make it the next one. */
  at: number;
  until: number;
  /** As the audio thread keeps it, in single precision. */
  rate: number;
}

interface Segment {
  frame: number;
  /** In the buffer, in frames. */
  position: number;
  rate: number;
}

export class Playhead {
  /** Context time of the first sample, and its place in the buffer, both in seconds and on whole frames. */
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

  /** Seconds into the buffer; before the start, as if it had begun earlier. */
  offsetAt(contextTime: number): number {
    const frame = contextTime * this.sampleRate;
    const segment = this.#segments.findLast((known) => known.frame <= frame) ?? this.#segments[0]!;
    return (segment.position + (frame - segment.frame) * segment.rate) / this.sampleRate;
  }

  /** When the last nudge is over, in context time. */
  get steadyFrom(): number {
    return this.#segments.at(-1)!.frame / this.sampleRate;
  }

  /** Plans to be further on by `shift` seconds, or less far, soon after `contextTime`. `null`: nothing to gain. */
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
