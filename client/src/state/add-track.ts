import type { TrackRef } from '$protocol';
import type { LiveRoom } from './live-room.svelte';

/** What became of a track that somebody added; `null`: nothing, and they were told why. */
export type Added = 'queued' | 'suggested' | 'credited';

export async function addTrack(live: LiveRoom, { provider, id }: TrackRef): Promise<Added | null> {
  const suggesting = live.onlySuggests;
  const accepted = await live.submit({ name: 'enqueue', track: { provider, id } });
  if (accepted === null) return null;
  // Where duplicates are credited, the entry is whoever's it was before.
  const known = live.room?.upcoming.find((entry) => entry.id === accepted.entry);
  if (known !== undefined && known.member !== live.me) return 'credited';
  return suggesting ? 'suggested' : 'queued';
}
