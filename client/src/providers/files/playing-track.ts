import type { CorrectionLimits } from '../../sync/corrector';
import type { Start } from '../../sync/schedule';
import type { TimedEntry } from '../../sync/timeline';

/**
 * One track while it plays, decoded or streamed. Times are context times, offsets are positions in the track, in
 * seconds.
 */
export interface PlayingTrack {
  readonly timedEntry: TimedEntry;
  readonly limits: CorrectionLimits;
  /** The start in context time, and its offset. */
  readonly startsAt: number;
  readonly startOffset: number;
  /** The track has played to its end, or to where it was stopped. */
  onEnded: () => void;
  /** The offset at a context time; `null` while it is seeking. */
  offsetAt(contextTime: number): number | null;
  /**
   * Shifts the position inaudibly by a small change of rate. Returns the context time at which that is done; `null`:
   * nothing to do.
   */
  nudge(shiftMs: number): number | null;
  /**
   * Moves to another offset with a short cross-fade. Returns the track that plays from then on: this one or another.
   */
  jump(start: Start): PlayingTrack;
  stopAt(at: number): void;
  silence(): void;
}

/** A loaded track that can start at once. */
export interface Playable {
  seconds: number;
  begin(context: AudioContext, destination: AudioNode, timedEntry: TimedEntry, start: Start): PlayingTrack;
}
