import type { Command, Entry, Settings, Track, TrackRef } from '$protocol';
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

// Commands about one track or artist: a whole list would undo what another member changed meanwhile.

export function blockTrack({ provider, id, title, artists }: Track): Command {
  const label = [title, artists.join(', ')].filter(Boolean).join(' · ');
  return { name: 'block', track: { provider, id, label: [...label].slice(0, LABEL_CHARS_MAX).join('') } };
}

export function blockArtist(artist: string): Command {
  return { name: 'block', artist };
}

export function unblockTrack({ provider, id }: TrackRef): Command {
  return { name: 'unblock', track: { provider, id } };
}

export function unblockArtist(artist: string): Command {
  return { name: 'unblock', artist };
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
