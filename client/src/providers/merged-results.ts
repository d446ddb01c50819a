import type { Track } from '$protocol';

/**
 * What the server's own library and Spotify found, as one list. The library comes first, because everybody hears it; its
 * first results never move, since those of Spotify come later, when somebody may already be about to tap.
 */

const FIRST_OWN = 6;
/** Two recordings of the same length, to within this, by the same name and artist, are one to whoever looks for it. */
const SAME_LENGTH_MS = 3_000;

export function mergedResults([own = [], ...remote]: readonly (readonly Track[])[]): Track[] {
  const others: Track[] = [];
  for (const tracks of remote) {
    const known = [...own, ...others];
    others.push(...tracks.filter((track) => !known.some((other) => isSame(other, track))));
  }
  return [...own.slice(0, FIRST_OWN), ...others, ...own.slice(FIRST_OWN)];
}

function isSame(one: Track, other: Track): boolean {
  return (
    Math.abs(one.duration_ms - other.duration_ms) <= SAME_LENGTH_MS &&
    plain(one.title) === plain(other.title) &&
    plain(one.artists[0] ?? '') === plain(other.artists[0] ?? '')
  );
}

function plain(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();
}
