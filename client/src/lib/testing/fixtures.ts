import type { Entry, Member, Playback, Room, Track } from '$protocol';

export function track(id: string, duration_ms = 180_000): Track {
  return {
    provider: 'library',
    id,
    title: `Title ${id}`,
    artists: ['Artist'],
    album: null,
    duration_ms,
    art_url: null,
  };
}

export function entry(id: string, member: string, duration_ms?: number): Entry {
  return { id, member, track: track(`track-${id}`, duration_ms), added_at_ms: 0, votes: 0 };
}

export function member(id: string, role: Member['role'] = 'player'): Member {
  return { id, name: id[0]!.toUpperCase() + id.slice(1), role, kind: 'guest', away: false };
}

export function playing(entryId: string, anchor_at_ms: number, anchor_position_ms = 0): Playback {
  return { state: 'playing', entry: entryId, anchor_position_ms, anchor_at_ms };
}

export const idle: Playback = { state: 'idle', entry: null, anchor_position_ms: 0, anchor_at_ms: 0 };

export function room(change: Partial<Room> = {}): Room {
  return {
    code: '7KM2QX',
    name: 'Kitchen',
    locked: false,
    settings: { policy: 'fair' },
    members: [member('ana', 'host'), member('ben')],
    playback: idle,
    now_playing: null,
    upcoming: [],
    upcoming_total: 0,
    ...change,
  };
}
