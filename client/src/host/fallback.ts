import type { SettingsChange, Track, TrackRef } from '$protocol';

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
