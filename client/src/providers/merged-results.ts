import type { Track } from '$protocol';
import { playable } from './track';

/**
 * Combines the results of all providers into one list. The server's library comes first because every device can play
 * it; its first results never move, since remote results arrive later, when the user may be about to tap. A recording is
 * listed once, unless the first one can't be played.
 */

const FIRST_OWN = 6;
/** Recordings with the same title and artist whose durations differ by no more than this count as the same. */
const SAME_LENGTH_MS = 3_000;

export function mergedResults([own = [], ...remote]: readonly (readonly Track[])[]): Track[] {
  const others: Track[] = [];
  for (const tracks of remote) {
    const known = playable([...own, ...others]);
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
