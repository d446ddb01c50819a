import type { Entry, Settings, SettingsChange, Track, TrackRef } from '$protocol';
import { trackKey } from '../providers/track';

/** The server takes no more tracks, and no more artists. */
export const BLOCKED_MAX = 100;
/** Longer names are cut off: they are only shown. */
const LABEL_CHARS_MAX = 200;

type Blocked = Pick<Settings, 'blocked_tracks' | 'blocked_artists'>;

export function isBlockedTrack(settings: Blocked, track: TrackRef): boolean {
  return settings.blocked_tracks.some((blocked) => trackKey(blocked) === trackKey(track));
}

/** As far as this page can tell: the server also knows spellings that browsers do not take for the same. */
export function isBlockedArtist(settings: Blocked, artist: string): boolean {
  return settings.blocked_artists.some((blocked) => spellings.compare(blocked, artist) === 0);
}

export function withTrack(settings: Blocked, { provider, id, title, artists }: Track): SettingsChange {
  const label = [title, artists.join(', ')].filter(Boolean).join(' · ');
  const blocked = { provider, id, label: [...label].slice(0, LABEL_CHARS_MAX).join('') };
  return { blocked_tracks: [...settings.blocked_tracks, blocked] };
}

export function withArtist(settings: Blocked, artist: string): SettingsChange {
  return { blocked_artists: [...settings.blocked_artists, artist] };
}

export function withoutTrack(settings: Blocked, track: TrackRef): SettingsChange {
  return { blocked_tracks: settings.blocked_tracks.filter((blocked) => trackKey(blocked) !== trackKey(track)) };
}

export function withoutArtist(settings: Blocked, artist: string): SettingsChange {
  return { blocked_artists: settings.blocked_artists.filter((blocked) => blocked !== artist) };
}

/** The artists of an entry that can be blocked one by one: more would fill the screen of a phone. */
export function blockableArtists(settings: Blocked, { track }: Entry): string[] {
  if (settings.blocked_artists.length >= BLOCKED_MAX) return [];
  return track.artists
    .slice(0, 2)
    .filter((artist) => artist.length <= LABEL_CHARS_MAX && !isBlockedArtist(settings, artist));
}

/** Case and diacritics make no difference. */
const spellings = new Intl.Collator('en', { sensitivity: 'base', usage: 'search' });
