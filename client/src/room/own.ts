import type { Entry, EntryCommand, EntryId, Event, Room, Own as Told, UserId } from '$protocol';

/** What is the member's own, as the server told it. */
export interface Own {
  /** The queue, as of the last time that it was told. */
  queue: readonly Entry[];
  /** Whether `queue` is the queue because the order of play does not show it. */
  queueHidden: boolean;
  votes: Readonly<Record<EntryId, number>>;
  /** The commands about the entry that is on which the server accepts; `null` from a server that does not say. */
  may: readonly EntryCommand[] | null;
}

export const nothingOwn: Own = { queue: [], queueHidden: false, votes: {}, may: null };

const VOTES_MAX = 300;

/** What was told, as of then: the order of play at hand may be from before or after it. */
export function ownOf(told: Told): Own {
  const { queue, queue_hidden: queueHidden = false, votes, may = null } = told;
  return { queue, queueHidden, votes: votes as Own['votes'], may };
}

/** After the room changed: the queue is what the order shows of it, unless it is hidden. */
export function ownIn(known: Own, room: Room, me: UserId): Own {
  const shown = room.upcoming.filter((entry) => entry.member === me && !entry.fallback);
  if (!known.queueHidden) return { ...known, queue: shown };
  const byId = new Map(shown.map((entry) => [entry.id, entry]));
  return { ...known, queue: known.queue.map((entry) => byId.get(entry.id) ?? entry) };
}

/** After events: how the member voted. */
export function votedAfter(known: Own, events: readonly Event[], me: UserId): Own {
  const cast = events.flatMap((event) =>
    event.name === 'entry_voted' && event.member === me ? [[event.entry, event.value] as const] : [],
  );
  if (cast.length === 0) return known;
  const votes = Object.entries({ ...known.votes, ...Object.fromEntries(cast) }).filter(([, value]) => value !== 0);
  return { ...known, votes: Object.fromEntries(votes.slice(-VOTES_MAX)) };
}
