import type { SettingsChange, Track, TrackRef } from '$protocol';
import { trackKey } from '../providers/track';

/** The server's limit for the playlist. */
export const FALLBACK_MAX = 100;
/** Shorter tracks would cycle through the playlist too fast. */
export const FALLBACK_TRACK_MIN_MS = 10_000;

export const isSame = (one: TrackRef, other: TrackRef) => one.provider === other.provider && one.id === other.id;

export function contains(list: readonly Track[], track: TrackRef): boolean {
  return list.some((known) => isSame(known, track));
}

/** The whole playlist is one setting. */
export function fallbackChange(list: readonly Track[]): SettingsChange {
  return { fallback: list.map(({ provider, id }) => ({ provider, id })) };
}

/** The tracks with an id for each place: the same track may be in the list more than once. */
export function numbered(list: readonly Track[]): { id: string; track: Track }[] {
  const counts = new Map<string, number>();
  return list.map((track) => {
    const key = trackKey(track);
    const count = counts.get(key) ?? 0;
    counts.set(key, count + 1);
    return { id: `${key} ${count}`, track };
  });
}
