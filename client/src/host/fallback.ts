import type { SettingsChange, Track, TrackRef } from '$protocol';

/** As many as a room's own list takes. */
export const FALLBACK_MAX = 100;
/** Shorter ones would make the list go round in no time. */
export const FALLBACK_TRACK_MIN_MS = 10_000;

export const isSame = (one: TrackRef, other: TrackRef) => one.provider === other.provider && one.id === other.id;

export function holds(list: readonly Track[], track: TrackRef): boolean {
  return list.some((known) => isSame(known, track));
}

/** The whole list is one setting. */
export function fallbackChange(list: readonly Track[]): SettingsChange {
  return { fallback: list.map(({ provider, id }) => ({ provider, id })) };
}
