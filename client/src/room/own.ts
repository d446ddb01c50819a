import type { Entry, EntryCommand, EntryId, Event, Room, Own as SentOwn, UserId } from '$protocol';
import { measuredEntries } from './measured';

/** The member's own data, as sent by the server. */
export interface Own {
  /** The queue, as last sent. */
  queue: readonly Entry[];
  /** Whether the order of play does not show the queue, so that `queue` is the only source. */
  queueHidden: boolean;
  /** How many entries follow those of a long queue that the server sends. */
  queueMore: number;
  votes: Readonly<Record<EntryId, number>>;
  /** The commands about the current entry that the server accepts; `null` from a server that does not say. */
  may: readonly EntryCommand[] | null;
}

export const nothingOwn: Own = { queue: [], queueHidden: false, queueMore: 0, votes: {}, may: null };

const VOTES_MAX = 300;

/** As sent: the known order of play may be older or newer. */
export function ownOf(sent: SentOwn): Own {
  const { queue, queue_hidden: queueHidden = false, queue_more: queueMore = 0, votes, may = null } = sent;
  return { queue, queueHidden, queueMore, votes: votes as Own['votes'], may };
}

/** After the room changed: the queue is the part of the order that is the member's, unless it is hidden. */
export function ownIn(known: Own, room: Room, me: UserId): Own {
  const shown = room.upcoming.filter((entry) => entry.member === me && !entry.fallback);
  if (!known.queueHidden) return { ...known, queue: shown, queueMore: 0 };
  const byId = new Map(shown.map((entry) => [entry.id, entry]));
  return { ...known, queue: known.queue.map((entry) => byId.get(entry.id) ?? entry) };
}

/** After events: corrects the queue by what was measured. */
export function measuredAfter(known: Own, events: readonly Event[]): Own {
  const measured = events.filter((event) => event.name === 'track_measured');
  if (measured.length === 0) return known;
  return { ...known, queue: measured.reduce(measuredEntries, known.queue) };
}

/** After events: adds the member's votes. */
export function votedAfter(known: Own, events: readonly Event[], me: UserId): Own {
  const cast = events.flatMap((event) =>
    event.name === 'entry_voted' && event.member === me ? [[event.entry, event.value] as const] : [],
  );
  if (cast.length === 0) return known;
  const votes = Object.entries({ ...known.votes, ...Object.fromEntries(cast) }).filter(([, value]) => value !== 0);
  return { ...known, votes: Object.fromEntries(votes.slice(-VOTES_MAX)) };
}
