import type { TrackRef } from '$protocol';

/** One string for a track: ids are unique only within a provider. */
export function trackKey({ provider, id }: TrackRef): string {
  return `${provider}:${id}`;
}
