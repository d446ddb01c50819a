import type { Track, TrackRef } from '$protocol';

/** One string for a track: ids are unique only within a provider. */
export function trackKey({ provider, id }: TrackRef): string {
  return `${provider}:${id}`;
}

/** The tracks that can be queued. */
export function playable(tracks: readonly Track[]): Track[] {
  return tracks.filter(({ unplayable }) => unplayable !== true);
}
