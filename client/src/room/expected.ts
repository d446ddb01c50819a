import type { EntryId, Event, Room } from '$protocol';
import { endAt } from '../sync/timeline';

/**
 * The room as it is at the end of a track when the server does not say it: while it restarts, or another one takes over.
 * Pure.
 *
 * Ten seconds before the end of a track the server locks the next entry. A second before the end it announces when that
 * entry starts: at exactly the end, also if the announcement is late. So a page without an announcement starts the locked
 * entry at that instant, and a late announcement changes nothing. Entries of the fallback playlist are never locked.
 */

/** The server announces a start 1,000 ms ahead: 300 ms are for the network, the rest is for players to schedule it. */
const EXPECTED_AHEAD_MS = 700;
/** The server's `PRELOAD_WINDOW_MS`. A lock is too early for an end that moves by this much: the server takes it back. */
const LOCKED_AHEAD_MS = 10_000;

/** The entry that the server has locked after events; `before` is the room before them. */
export function lockedAfter(locked: EntryId | null, before: Room, events: readonly Event[]): EntryId | null {
  let now = locked;
  let { playback } = before;
  for (const event of events) {
    switch (event.name) {
      case 'next_locked':
        now = event.entry;
        break;
      case 'entry_started':
        now = null;
        playback = event.playback;
        break;
      case 'playback_changed': {
        const was = playback;
        playback = event.playback;
        // A start for which devices are ready earlier.
        const isAdvanced =
          was.state === 'playing' && playback.state === 'playing' && playback.anchor_at_ms < was.anchor_at_ms;
        if (!isAdvanced) now = null;
        break;
      }
      case 'track_measured': {
        const on = before.now_playing;
        if (on?.id === event.entry && event.duration_ms - on.track.duration_ms >= LOCKED_AHEAD_MS) now = null;
        break;
      }
    }
  }
  return now;
}

/** The room at an instant of the server's clock; the same object while nothing is to be expected. */
export function expectedRoom(room: Room, locked: EntryId | null, serverMs: number): Room {
  const { now_playing, playback, upcoming } = room;
  const [next, ...later] = upcoming;
  // Another one leads when the locked one was taken out of the queue.
  if (now_playing === null || next === undefined || next.id !== locked) return room;
  const end = endAt(playback, now_playing.track.duration_ms);
  if (serverMs < end - EXPECTED_AHEAD_MS) return room;
  return {
    ...room,
    now_playing: next,
    playback: { state: 'playing', entry: next.id, anchor_position_ms: 0, anchor_at_ms: end },
    upcoming: later,
    upcoming_total: room.upcoming_total - 1,
    skip_votes: [],
  };
}
