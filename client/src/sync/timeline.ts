import type { Entry, Playback } from '$protocol';

/**
 * Position in the track at an instant of the server's clock; below the anchor's position if the start is still to come.
 */
export function positionAt(playback: Playback, serverMs: number): number {
  if (playback.state !== 'playing') return playback.anchor_position_ms;
  return playback.anchor_position_ms + (serverMs - playback.anchor_at_ms);
}

/** The position to display: it stands still until the start, and stays within the track. */
export function shownPositionAt(playback: Playback, durationMs: number, serverMs: number): number {
  const position = Math.max(positionAt(playback, serverMs), playback.anchor_position_ms);
  return Math.min(position, durationMs);
}

/** When the track ends on the server's clock; `Infinity` while it does not advance. */
export function endAt(playback: Playback, durationMs: number): number {
  if (playback.state !== 'playing') return Number.POSITIVE_INFINITY;
  return playback.anchor_at_ms + durationMs - playback.anchor_position_ms;
}

/** Whether both describe the same timeline, whichever message they came in. */
export function sameTimeline(a: Playback, b: Playback): boolean {
  return (
    a.entry === b.entry &&
    a.state === b.state &&
    a.anchor_at_ms === b.anchor_at_ms &&
    a.anchor_position_ms === b.anchor_position_ms
  );
}

/** An entry and the timeline at which it plays, independent of the room's current one. */
export interface TimedEntry {
  entry: Entry;
  playback: Playback;
}

/** A change this close to the natural end is that end: the server announces the next track about a second before. */
const END_TOLERANCE_MS = 100;
const ANNOUNCED_AHEAD_MS = 1_500;

/**
 * What still plays when the room's timeline moves from `from` to `to` at `nowMs`: at a natural end the ending track;
 * after a skip or a seek nothing.
 */
export function outgoingEntry(from: TimedEntry | null, to: Playback, nowMs: number): TimedEntry | null {
  if (from === null || from.entry.id === to.entry) return null;
  const end = endAt(from.playback, from.entry.track.duration_ms);
  if (end <= nowMs || end > nowMs + ANNOUNCED_AHEAD_MS) return null;
  const followedSeamlessly = to.state === 'idle' || to.anchor_at_ms >= end - END_TOLERANCE_MS;
  return followedSeamlessly ? from : null;
}

/** Minutes and seconds. */
export function clockFace(ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  const hours = Math.floor(minutes / 60);
  const tail = String(seconds % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes % 60).padStart(2, '0')}:${tail}` : `${minutes}:${tail}`;
}
