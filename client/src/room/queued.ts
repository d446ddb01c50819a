import type { Command, Entry, Room, Settings, TrackRef, UserId } from '$protocol';
import { trackKey } from '../providers/track';

/** Where a track is already, as far as the page is told. */
export interface Queued {
  /** This user asked for it, and there is no reply yet. */
  sending?: true;
  /** Its first place in this user's queue, from 1. */
  place?: number;
  /** This user suggested it. */
  suggested?: true;
  playing?: true;
  /** The first other member who queued it. */
  member?: UserId;
  /** That member's entry plays for this user, too. */
  credited?: boolean;
}

/** What the button of a track does. `again`: adds the track once more, after a confirmation. `none`: there is nothing to do. */
export type AddOffer = 'add' | 'again' | 'none';

export function queuedTracks(
  room: Room,
  me: UserId | null,
  mine: readonly Entry[],
  unanswered: readonly Command[],
): ReadonlyMap<string, Queued> {
  const found = new Map<string, Queued>();
  const note = (track: TrackRef, more: Queued) => {
    const key = trackKey(track);
    found.set(key, { ...more, ...found.get(key) });
  };
  for (const command of unanswered) {
    if (command.name === 'enqueue') note(command.track, { sending: true });
    if (command.name === 'enqueue_all') for (const track of command.tracks) note(track, { sending: true });
  }
  const on = room.now_playing;
  if (on != null && !on.fallback) note(on.track, { playing: true });
  for (const [index, { track }] of mine.entries()) note(track, { place: index + 1 });
  for (const { member, track } of room.suggestions ?? []) if (member === me) note(track, { suggested: true });
  for (const { member, track, credits = [], fallback } of room.upcoming) {
    if (member !== me && !fallback) note(track, { member, credited: me !== null && credits.includes(me) });
  }
  return found;
}

/** What the room would do with a track that is already there follows from its setting about duplicates. */
export function addOffer(queued: Queued | undefined, { duplicates }: Pick<Settings, 'duplicates'>): AddOffer {
  if (queued === undefined) return 'add';
  if (queued.sending || queued.suggested) return 'none';
  if (duplicates === 'allow') return queued.place === undefined ? 'add' : 'again';
  if (queued.playing || queued.place !== undefined || queued.credited) return 'none';
  return duplicates === 'credit' ? 'add' : 'none';
}
