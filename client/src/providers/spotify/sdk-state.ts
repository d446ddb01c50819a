import type { Entry, Playback } from '$protocol';
import type { SdkState } from './sdk';

/** Compares what the SDK reports with what was requested. Pure. */

/** A requested start and its progress. */
export interface RequestedPlayback {
  entry: Entry;
  playback: Playback;
  /** The track before, so that a late event about it is not taken for the answer. */
  before: string | null;
  /** The track that Spotify plays for the entry, once seen: not always the requested one. */
  uri: string | null;
  /** The requested position, and when it was requested. */
  positionMs: number;
  atMs: number;
  /** When playback was first seen; `null`: not yet. */
  confirmedAtMs: number | null;
  starts: number;
  /** Spotify accepted the command: from then on a new track may be the answer to it. */
  accepted: boolean;
}

/** The last observed state of the requested track. */
export interface ObservedPlayback {
  positionMs: number;
  atMs: number;
  paused: boolean;
  loading: boolean;
}

/** Another recording counts as the requested one only near the requested position. */
const PLACE_TOLERANCE_MS = 6_000;

/**
 * Whether the SDK plays the requested track. Its id may differ: Spotify plays the same recording from another album
 * where the requested one is not licensed, and may or may not say so in `linked_from`. Then a new track near the
 * requested position counts.
 */
export function isTrackOf(requested: RequestedPlayback, state: SdkState, nowMs: number): boolean {
  const track = state.track_window.current_track;
  if (track === null || requested.starts === 0) return false;
  const latestMs = requested.positionMs + (nowMs - requested.atMs) + PLACE_TOLERANCE_MS;
  const inPlace = state.position >= requested.positionMs - PLACE_TOLERANCE_MS && state.position <= latestMs;
  const isKnown = requested.confirmedAtMs !== null || inPlace;
  if (track.id === requested.entry.track.id || track.linked_from?.id === requested.entry.track.id) return isKnown;
  if (requested.uri !== null) return track.uri === requested.uri && isKnown;
  return requested.accepted && track.uri !== requested.before && !state.paused && inPlace;
}

/** The current position, extrapolated. */
export function positionOf(seen: ObservedPlayback, nowMs: number): number {
  return seen.paused ? seen.positionMs : seen.positionMs + (nowMs - seen.atMs);
}
