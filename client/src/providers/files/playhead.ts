import { SEGMENT_RATE_HZ, SEGMENT_SAMPLES } from './segments';

/**
 * Which sample of a track plays at which frame of a 48 kHz audio context. Both are whole numbers at the start and at
 * every boundary between segments, so nothing accumulates however long the track is. The rate leaves 1 only for a
 * *nudge*: from one render quantum to a later one within one segment, at a rate that gains or loses a whole number of
 * samples.
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
  /** The only segment that it changes. */
  segment: number;
}

/** A part of the timeline with one rate. */
interface Stretch {
  frame: number;
  /** In samples of the track. */
  position: number;
  rate: number;
}

export class Playhead {
  /** The first frame, and its sample. */
  readonly frame: number;
  readonly position: number;
  #stretches: Stretch[];
  #nudges: Nudge[] = [];

  /** `at` is a context time, `offset` a position in the track, both in seconds. */
  constructor(at: number, offset: number) {
    this.frame = Math.round(at * SEGMENT_RATE_HZ);
    this.position = Math.max(0, this.frame + Math.round((offset - at) * SEGMENT_RATE_HZ));
    this.#stretches = [{ frame: this.frame, position: this.position, rate: 1 }];
  }

  /** Seconds into the track at a context time; before the start, extrapolated. */
  offsetAt(contextTime: number): number {
    return this.positionAt(contextTime * SEGMENT_RATE_HZ) / SEGMENT_RATE_HZ;
  }

  /** The sample that plays at a frame; between two samples while a nudge lasts. */
  positionAt(frame: number): number {
    const stretch = this.#stretches.findLast((known) => known.frame <= frame) ?? this.#stretches[0]!;
    return stretch.position + (frame - stretch.frame) * stretch.rate;
  }

  /** The frame at which a sample plays: exact for the boundaries of segments. */
  frameOf(position: number): number {
    const stretch = this.#stretches.findLast((known) => known.position <= position) ?? this.#stretches[0]!;
    return stretch.frame + Math.round((position - stretch.position) / stretch.rate);
  }

  /** The nudges within a segment, in order. */
  nudgesIn(segment: number): Nudge[] {
    return this.#nudges.filter((nudge) => nudge.segment === segment);
  }

  /**
   * Schedules a shift by `shift` seconds (negative: back) soon after `contextTime`; in the next segment if it does not
   * fit into the current one. `null`: too small to change anything.
   */
  nudge(shift: number, contextTime: number): Nudge | null {
    const samples = Math.round(shift * SEGMENT_RATE_HZ);
    if (samples === 0) return null;
    const shortest = Math.abs(samples) / (RATE_CHANGE_MAX * QUANTUM);
    const frames = QUANTUM * Math.max(Math.ceil((NUDGE_S * SEGMENT_RATE_HZ) / QUANTUM), Math.ceil(shortest));
    const soonest = Math.max((contextTime + LEAD_S) * SEGMENT_RATE_HZ, this.#stretches.at(-1)!.frame);
    let frame = quantumFrom(soonest);
    const boundary = SEGMENT_SAMPLES * (Math.floor(this.positionAt(frame) / SEGMENT_SAMPLES) + 1);
    if (this.positionAt(frame) + frames + samples > boundary) frame = quantumFrom(this.frameOf(boundary));
    const position = this.positionAt(frame);
    this.#stretches.push({ frame, position, rate: 1 + samples / frames });
    this.#stretches.push({ frame: frame + frames, position: position + frames + samples, rate: 1 });
    const nudge = {
      at: (frame - 0.5) / SEGMENT_RATE_HZ,
      until: (frame + frames - 0.5) / SEGMENT_RATE_HZ,
      rate: Math.fround(1 + samples / frames),
      segment: Math.floor(position / SEGMENT_SAMPLES),
    };
    this.#nudges.push(nudge);
    return nudge;
  }
}

function quantumFrom(frame: number): number {
  return QUANTUM * Math.ceil(frame / QUANTUM);
}
