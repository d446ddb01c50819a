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

/** As many as the server takes in one command. */
const TRACKS_PER_COMMAND_MAX = 100;

/** Adds tracks to the end of the member's queue. Returns how many were added; `null`: none, and the reason was shown. */
export async function addTracks(live: LiveRoom, tracks: readonly TrackRef[]): Promise<number | null> {
  const count = () =>
    live.mine.length + (live.room?.suggestions ?? []).filter(({ member }) => member === live.me).length;
  const before = count();
  for (let from = 0; from < tracks.length; from += TRACKS_PER_COMMAND_MAX) {
    const chunk = tracks.slice(from, from + TRACKS_PER_COMMAND_MAX).map(({ provider, id }) => ({ provider, id }));
    if ((await live.submit({ name: 'enqueue_all', tracks: chunk })) === null) {
      return count() > before ? count() - before : null;
    }
  }
  return count() - before;
}
