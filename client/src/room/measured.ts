import type { Entry, Event, Room, Track } from '$protocol';

type TrackMeasured = Extract<Event, { name: 'track_measured' }>;

/** The room after a track was measured. Entries that it does not change stay the same objects. */
export function measuredRoom(room: Room, event: TrackMeasured): Room {
  const on = room.now_playing && measuredEntry(room.now_playing, event);
  if (on === room.now_playing) return { ...room, upcoming: measuredEntries(room.upcoming, event) };
  // The playlist's next round starts with what is known of this track.
  const isSame = (track: Track) => on?.fallback && track.provider === on.track.provider && track.id === on.track.id;
  const fallback = (room.fallback ?? []).map((track) => (isSame(track) ? measuredTrack(track, event) : track));
  return { ...room, now_playing: on, fallback };
}

export function measuredEntries(entries: readonly Entry[], event: TrackMeasured): Entry[] {
  return entries.map((entry) => measuredEntry(entry, event));
}

function measuredEntry(entry: Entry, event: TrackMeasured): Entry {
  return entry.id === event.entry ? { ...entry, track: measuredTrack(entry.track, event) } : entry;
}

function measuredTrack(track: Track, { duration_ms, gain_db, art_url }: TrackMeasured): Track {
  return { ...track, duration_ms, gain_db: gain_db ?? null, art_url: art_url ?? track.art_url };
}
