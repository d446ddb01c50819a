import type { Entry, Playback } from '$protocol';
import type { SdkState } from './sdk';

/** What the SDK says, held against what was asked of it. Pure. */

/** A start that was asked for, and what became of it. */
export interface RequestedPlayback {
  entry: Entry;
  playback: Playback;
  /** What was on before, so that a late event about it is not taken for the answer. */
  before: string | null;
  /** What Spotify plays for the entry, once it was seen: not always what was asked for. */
  uri: string | null;
  /** The place that was asked for, and when. */
  positionMs: number;
  atMs: number;
  /** Since when it is seen to play. */
  confirmedAtMs: number | null;
  starts: number;
  /** Spotify took the command: from then on what is new may be the answer to it. */
  accepted: boolean;
}

/** What was seen last of our own track. */
export interface ObservedPlayback {
  positionMs: number;
  atMs: number;
  paused: boolean;
  loading: boolean;
}

/** Another recording is taken for ours only about where ours must be. */
const PLACE_TOLERANCE_MS = 6_000;

/**
 * Whether what the SDK plays is what was asked for. Its id need not be: Spotify plays the same recording from another
 * album where that one is closed, and says so in `linked_from`, or does not. Then it is ours if it is new, and where it
 * was asked to be.
 */
export function isTrackOf(asked: RequestedPlayback, state: SdkState, nowMs: number): boolean {
  const track = state.track_window.current_track;
  if (track === null || asked.starts === 0) return false;
  const latestMs = asked.positionMs + (nowMs - asked.atMs) + PLACE_TOLERANCE_MS;
  const inPlace = state.position >= asked.positionMs - PLACE_TOLERANCE_MS && state.position <= latestMs;
  const isKnown = asked.confirmedAtMs !== null || inPlace;
  if (track.id === asked.entry.track.id || track.linked_from?.id === asked.entry.track.id) return isKnown;
  if (asked.uri !== null) return track.uri === asked.uri && isKnown;
  return asked.accepted && track.uri !== asked.before && !state.paused && inPlace;
}

/** Where it is by now. */
export function positionOf(seen: ObservedPlayback, nowMs: number): number {
  return seen.paused ? seen.positionMs : seen.positionMs + (nowMs - seen.atMs);
}
