import type { Start } from '../../sync/schedule';
import type { TimedEntry } from '../../sync/timeline';
import { Playhead } from './playhead';
import { SEGMENT_RATE_HZ, SEGMENT_SAMPLES, SEGMENTS_AHEAD } from './segments';

/** Too short to be heard as a fade, long enough to avoid a click. */
const RAMP_S = 0.01;
/** Between two positions of the same track. */
const CROSSFADE_S = 0.04;
/** A change of loudness while the track plays. */
const LEVEL_RAMP_S = 0.5;
/** A source needs this lead to start at its frame; less than that of a planned start, which is met exactly. */
const LEAD_FRAMES = 0.02 * SEGMENT_RATE_HZ;
/** An end and a start closer than this belong together: timelines count in whole milliseconds. */
const SEAM_FRAMES_MAX = 0.002 * SEGMENT_RATE_HZ;

/** The decoded segments of one track, as far as they have arrived. */
export interface TrackSegments {
  get(number: number): AudioBuffer | null;
  /** Length of the track, once its last segment is known and shorter than the others. */
  readonly samples: number | null;
}

interface Scheduled {
  source: AudioBufferSourceNode;
  frame: number;
  /** The track's sample after its last. */
  last: number;
}

/**
 * A track while it plays: a buffer source for each segment, which starts at the frame where the one before ends. A
 * segment that arrives late is heard from where the track is by then; until then it is silent.
 */
export class SegmentedPlayingTrack {
  readonly #playhead: Playhead;
  readonly #level: GainNode;
  readonly #fade: GainNode;
  #scheduled = new Map<number, Scheduled>();
  #stopFrame = Number.POSITIVE_INFINITY;
  /** Length of the track. */
  #samples = 0;

  constructor(
    private readonly context: AudioContext,
    private readonly destination: AudioNode,
    public timedEntry: TimedEntry,
    private readonly segments: TrackSegments,
    start: Start,
    /** A factor. */
    private gain = 1,
    fade: 'none' | 'in' | 'across' = start.offset > 0 ? 'in' : 'none',
  ) {
    this.#playhead = new Playhead(start.at, start.offset);
    this.#level = context.createGain();
    this.#level.gain.value = gain;
    this.#fade = context.createGain();
    this.#level.connect(this.#fade);
    this.#fade.connect(destination);
    if (fade !== 'none') this.#fadeIn(this.#playhead.frame, fade === 'in' ? RAMP_S : CROSSFADE_S);
    this.schedule();
  }

  /** The start in context time, and its offset in the track, in seconds. */
  get startsAt(): number {
    return this.#playhead.frame / SEGMENT_RATE_HZ;
  }

  get startOffset(): number {
    return this.#playhead.position / SEGMENT_RATE_HZ;
  }

  /** Seconds into the track at a context time. */
  offsetAt(contextTime: number): number {
    return this.#playhead.offsetAt(contextTime);
  }

  /** Schedules the segments that have arrived since the last call, and forgets those that have played. */
  schedule(): void {
    this.#samples = this.segments.samples ?? this.#declaredSamples;
    const now = this.context.currentTime * SEGMENT_RATE_HZ;
    for (const [number, { last }] of this.#scheduled) if (this.#frameOf(last) < now) this.#scheduled.delete(number);
    const soonest = Math.max(Math.ceil(now + LEAD_FRAMES), this.#playhead.frame);
    const first = Math.floor(this.#playhead.positionAt(soonest) / SEGMENT_SAMPLES);
    for (let number = first; number < first + SEGMENTS_AHEAD; number += 1) {
      const buffer = this.#scheduled.has(number) ? null : this.segments.get(number);
      if (buffer !== null) this.#start(number, buffer, soonest);
    }
  }

  /** Whether a segment is missing that should be heard at a context time. */
  isStarvedAt(contextTime: number): boolean {
    const frame = contextTime * SEGMENT_RATE_HZ;
    if (frame < this.#playhead.frame || this.isOverAt(contextTime)) return false;
    return ![...this.#scheduled.values()].some((known) => known.frame <= frame && frame < this.#frameOf(known.last));
  }

  /** Whether it has played to its end, or to where it was stopped. */
  isOverAt(contextTime: number): boolean {
    return contextTime * SEGMENT_RATE_HZ >= Math.min(this.#stopFrame, this.#endFrame);
  }

  /**
   * Shifts the position inaudibly by a small change of rate. Returns the context time at which that is done; `null`:
   * nothing to do.
   */
  nudge(shiftMs: number): number | null {
    const nudge = this.#playhead.nudge(shiftMs / 1000, this.context.currentTime);
    if (nudge === null) return null;
    for (const [number, { source }] of this.#scheduled) {
      if (number > nudge.segment) this.#drop(number);
      if (number !== nudge.segment) continue;
      changeRate(source, nudge);
      this.#limit(number);
    }
    this.schedule();
    return nudge.until;
  }

  /** Moves to another offset with a short cross-fade. Returns the track that plays from then on. */
  jump(start: Start): SegmentedPlayingTrack {
    const { context, destination, timedEntry, segments, gain } = this;
    const next = new SegmentedPlayingTrack(context, destination, timedEntry, segments, start, gain, 'across');
    this.#fade.gain.setValueAtTime(1, next.startsAt);
    this.#fade.gain.linearRampToValueAtTime(0, next.startsAt + CROSSFADE_S);
    this.stopAt(next.startsAt + CROSSFADE_S + RAMP_S);
    return next;
  }

  /** Where the next track starts without a gap or an overlap, if it should start at about the end of this one. */
  seamAt(contextTime: number): number {
    const isSeam = Math.abs(contextTime * SEGMENT_RATE_HZ - this.#endFrame) <= SEAM_FRAMES_MAX;
    return isSeam ? this.#endFrame / SEGMENT_RATE_HZ : contextTime;
  }

  /** Exact to the sample. */
  stopAt(contextTime: number): void {
    this.#stopFrame = Math.round(contextTime * SEGMENT_RATE_HZ);
    for (const [number, { frame }] of this.#scheduled) {
      if (frame >= this.#stopFrame) this.#drop(number);
      else this.#limit(number);
    }
  }

  silence(): void {
    const now = this.context.currentTime;
    this.#fade.gain.cancelScheduledValues(now);
    this.#fade.gain.setTargetAtTime(0, now, RAMP_S / 3);
    this.stopAt(now + 2 * RAMP_S);
  }

  /** Changes the loudness gradually. */
  setGain(gain: number): void {
    if (gain === this.gain) return;
    const now = this.context.currentTime;
    this.#level.gain.setValueAtTime(this.gain, now);
    this.#level.gain.linearRampToValueAtTime(gain, now + LEVEL_RAMP_S);
    this.gain = gain;
  }

  /** Exact for a track whose last segment is as long as the others. */
  get #declaredSamples(): number {
    return Math.round((this.timedEntry.entry.track.duration_ms * SEGMENT_RATE_HZ) / 1000);
  }

  get #endFrame(): number {
    return this.#frameOf(this.#samples);
  }

  #frameOf(position: number): number {
    return this.#playhead.frameOf(position);
  }

  #start(number: number, buffer: AudioBuffer, soonest: number): void {
    const first = number * SEGMENT_SAMPLES;
    const last = first + buffer.length;
    const due = Math.max(this.#frameOf(first), this.#playhead.frame);
    const frame = Math.max(due, soonest);
    if (frame >= Math.min(this.#frameOf(last), this.#stopFrame)) return;
    const position = Math.round(this.#playhead.positionAt(frame));
    const source = this.context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#level);
    for (const nudge of this.#playhead.nudgesIn(number)) changeRate(source, nudge);
    source.start(frame / SEGMENT_RATE_HZ, (position - first) / SEGMENT_RATE_HZ);
    this.#scheduled.set(number, { source, frame, last });
    this.#limit(number);
    if (frame > due) this.#fadeIn(frame, RAMP_S);
  }

  /** After a change of rate a source may end a sample early or late by itself. */
  #limit(number: number): void {
    const { source, last } = this.#scheduled.get(number)!;
    source.stop(Math.min(this.#frameOf(last), this.#stopFrame) / SEGMENT_RATE_HZ);
  }

  #drop(number: number): void {
    const { source } = this.#scheduled.get(number)!;
    source.stop();
    source.disconnect();
    this.#scheduled.delete(number);
  }

  #fadeIn(frame: number, seconds: number): void {
    const at = frame / SEGMENT_RATE_HZ;
    this.#fade.gain.setValueAtTime(0, at);
    this.#fade.gain.linearRampToValueAtTime(1, at + seconds);
  }
}

function changeRate(
  source: AudioBufferSourceNode,
  { at, until, rate }: { at: number; until: number; rate: number },
): void {
  source.playbackRate.setValueAtTime(rate, at);
  source.playbackRate.setValueAtTime(1, until);
}
