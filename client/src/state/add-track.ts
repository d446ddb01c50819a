import type { TrackRef } from '$protocol';
import type { LiveRoom } from './live-room.svelte';

/** The result of adding a track; `null`: refused, and the reason was shown. */
export type Added = 'queued' | 'suggested' | 'credited';

export async function addTrack(live: LiveRoom, { provider, id }: TrackRef): Promise<Added | null> {
  const suggesting = live.onlySuggests;
  const accepted = await live.submit({ name: 'enqueue', track: { provider, id } });
  if (accepted === null) return null;
  // With credited duplicates, the entry still belongs to its first owner.
  const known = live.room?.upcoming.find((entry) => entry.id === accepted.entry);
  if (known !== undefined && known.member !== live.me) return 'credited';
  return suggesting ? 'suggested' : 'queued';
}
