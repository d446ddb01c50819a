import type { Entry, Member, Playback, Room, Settings, Track } from '$protocol';

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

/** Settings of a new room. */
export function settings(change: Partial<Settings> = {}): Settings {
  return {
    policy: 'fair',
    weights: {},
    minimum_charge_ms: 30_000,
    debt_max_ms: 600_000,
    entries_per_member_max: 0,
    minutes_per_member_max: 0,
    duplicates: 'allow',
    track_cooldown_ms: 0,
    artist_cooldown_ms: 0,
    track_ms_max: 0,
    explicit: 'allow',
    admission: 'open',
    suggestions: false,
    players_max: 0,
    step_down_after: 0,
    vote_skip_share: 50,
    vote_skip_min: 0,
    host_claim_after_ms: 600_000,
    permissions: {},
    level_loudness: true,
    wait_for_listener: false,
    fallback: [],
    blocked_tracks: [],
    blocked_artists: [],
    ...change,
  };
}

export function room(change: Partial<Room> = {}): Room {
  return {
    code: '7KM2QX',
    name: 'Kitchen',
    locked: false,
    settings: settings(),
    members: [member('ana', 'host'), member('ben')],
    playback: idle,
    output: { mode: 'everyone', devices: [] },
    now_playing: null,
    upcoming: [],
    upcoming_total: 0,
    ...change,
  };
}
