import type { CorrectionLimits } from '../../sync/corrector';
import type { Start } from '../../sync/schedule';
import type { TimedEntry } from '../../sync/timeline';

/** One track as it sounds, from whatever it comes. Times are those of the context, places those of the track, in seconds. */
export interface PlayingTrack {
  readonly timedEntry: TimedEntry;
  readonly limits: CorrectionLimits;
  /** When it begins, and where. */
  readonly startsAt: number;
  readonly startOffset: number;
  /** It has played to its end, or to where it was stopped. */
  onEnded: () => void;
  /** Where it is at a moment; `null` while it is on its way to another place. */
  offsetAt(contextTime: number): number | null;
  /** Inaudibly gets ahead by so much, or falls back. When that is done; `null`: nothing to do. */
  nudge(shiftMs: number): number | null;
  /** Takes another place, in one short cross-fade. What sounds from then on: itself, or another. */
  jump(start: Start): PlayingTrack;
  stopAt(at: number): void;
  silence(): void;
}

/** What can be made to sound at once. */
export interface Playable {
  seconds: number;
  begin(context: AudioContext, destination: AudioNode, timedEntry: TimedEntry, start: Start): PlayingTrack;
}
