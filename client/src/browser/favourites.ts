import type { Track } from '$protocol';
import { device, type Memory } from './storage';

const KEY = 'tutti.favourites';
/** The oldest are dropped: browsers give a site a few megabytes. */
export const FAVOURITES_MAX = 500;

/** The favourite tracks of this device, the latest first. What is not readable is left out. */
export function recallFavourites(memory: Memory = device): Track[] {
  try {
    const stored: unknown = JSON.parse(memory.recall(KEY) ?? '[]');
    return Array.isArray(stored) ? stored.filter(isTrack) : [];
  } catch {
    return [];
  }
}

export function rememberFavourites(tracks: readonly Track[], memory: Memory = device): void {
  memory.remember(KEY, tracks.length === 0 ? null : JSON.stringify(tracks));
}

/** Adds a track to the front, or takes it out. */
export function toggled(tracks: readonly Track[], track: Track): Track[] {
  const others = tracks.filter(({ provider, id }) => provider !== track.provider || id !== track.id);
  return others.length < tracks.length ? others : [track, ...others].slice(0, FAVOURITES_MAX);
}

function isTrack(value: unknown): value is Track {
  if (typeof value !== 'object' || value === null) return false;
  const { provider, id, title, artists, duration_ms } = value as Partial<Track>;
  return (
    [provider, id, title].every((text) => typeof text === 'string') &&
    Array.isArray(artists) &&
    typeof duration_ms === 'number'
  );
}
