import type { TrackRef } from '$protocol';
import { trackKey } from '../providers/track';
import { queueText } from '../text/queue';
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

/** What a row says while the track was asked for and is not added yet; `null` otherwise. */
export function pendingText(live: LiveRoom, track: TrackRef): string | null {
  if (live.queued.get(trackKey(track))?.sending !== true) return null;
  return live.connection.name === 'online' ? queueText.sending : queueText.waitsForConnection;
}

/** As many as the server takes in one command. */
const TRACKS_PER_COMMAND_MAX = 100;

/** Adds tracks to the end of the member's queue. Returns how many were added; `null`: none, and the reason was shown. */
export async function addTracks(live: LiveRoom, tracks: readonly TrackRef[]): Promise<number | null> {
  // The first one may be playing already.
  const own = () =>
    [live.room?.now_playing, ...(live.room?.suggestions ?? []), ...live.mine]
      .filter((entry) => entry?.member === live.me)
      .map((entry) => entry?.id);
  const before = new Set(own());
  const added = () => own().filter((id) => !before.has(id)).length;
  for (let from = 0; from < tracks.length; from += TRACKS_PER_COMMAND_MAX) {
    const chunk = tracks.slice(from, from + TRACKS_PER_COMMAND_MAX).map(({ provider, id }) => ({ provider, id }));
    if ((await live.submit({ name: 'enqueue_all', tracks: chunk })) === null) {
      return added() || null;
    }
  }
  return added();
}
