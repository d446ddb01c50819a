import type { Entry, EntryId, Event, Note, Room, UserId } from '$protocol';
import { isWhole } from './line';
import { waitsBecause } from './queue-state';

/**
 * What of a room is one's own and stands in no snapshot: how one voted, and one's own queue while it takes no part in the
 * order of play. Followed from events, and set right by every order that shows it.
 */
export interface Own {
  queue: readonly Entry[];
  votes: Readonly<Record<EntryId, number>>;
  /** What was taken from the queue and can be put back, the latest last. */
  taken: readonly Taken[];
}

export interface Taken {
  /** The number of its note. */
  note: number;
  by: UserId;
  untilMs: number;
  entries: readonly Entry[];
}

export const nothingOwn: Own = { queue: [], votes: {}, taken: [] };

const VOTES_MAX = 300;
const TAKEN_MAX = 5;

export function ownInSnapshot(known: Own, room: Room, me: UserId): Own {
  return { ...known, queue: settled(known.queue, room, me) };
}

export function ownAfter(known: Own, before: Room, after: Room, events: readonly Event[], me: UserId): Own {
  let { queue, taken } = known;
  let id = me;
  const votes = { ...known.votes };
  const suggested = new Map((before.suggestions ?? []).map((entry) => [entry.id, entry]));
  /** What the event before took, until a note claims it. */
  let bin: readonly Entry[] = [];
  for (const event of events) {
    const lost = bin;
    bin = [];
    switch (event.name) {
      case 'entry_added':
        if (event.entry.member === id) queue = inserted(queue, event.entry, event.before ?? null);
        break;
      case 'entry_suggested':
        suggested.set(event.entry.id, event.entry);
        break;
      case 'suggestion_approved': {
        const entry = suggested.get(event.entry);
        if (entry?.member === id) queue = inserted(queue, entry, null);
        break;
      }
      case 'entry_removed':
        if (event.by !== id) bin = queue.filter((entry) => entry.id === event.entry);
        queue = without(queue, event.entry);
        break;
      case 'entry_moved': {
        const moved = queue.find((entry) => entry.id === event.entry);
        // Under the host's policy it is the room's order that changes, and not anybody's own.
        if (moved !== undefined && after.settings.policy !== 'host')
          queue = inserted(without(queue, moved.id), moved, event.before ?? null);
        break;
      }
      case 'queue_cleared':
        if ((event.member ?? id) !== id) break;
        bin = queue;
        queue = [];
        break;
      case 'entry_started':
        queue = without(queue, event.entry.id);
        delete votes[event.entry.id];
        break;
      case 'entry_voted':
        if (event.member === id) votes[event.entry] = event.value;
        break;
      case 'member_merged':
        if (event.from !== id) break;
        id = event.to.id;
        queue = queue.map((entry) => ({ ...entry, member: event.to.id }));
        break;
      case 'noted':
        taken = noted(taken, event.note, lost);
        break;
      case 'undone':
        queue = putBack(queue, taken.find(({ note }) => note === event.note)?.entries ?? []);
        taken = taken.filter(({ note }) => note !== event.note);
        break;
    }
  }
  return { queue: settled(queue, after, id), votes: latest(votes), taken };
}

/** What the order shows is the truth; what it does not show stays only where it cannot show it. */
function settled(queue: readonly Entry[], room: Room, me: UserId): readonly Entry[] {
  const shown = room.upcoming.filter((entry) => entry.member === me && !entry.fallback);
  const isOut = waitsBecause(room, me) !== null;
  if (shown.length === 0 && isOut) return queue;
  const beyond = isWhole(room) ? [] : queue.filter((entry) => !shown.some(({ id }) => id === entry.id));
  return [...shown, ...beyond];
}

function noted(taken: readonly Taken[], note: Note, entries: readonly Entry[]): readonly Taken[] {
  const { id, by, undo_until_ms: untilMs } = note;
  if (entries.length === 0 || !untilMs) return taken;
  return [...taken, { note: id, by, untilMs, entries }].slice(-TAKEN_MAX);
}

function putBack(queue: readonly Entry[], entries: readonly Entry[]): Entry[] {
  return [...queue, ...entries.filter((entry) => !queue.some(({ id }) => id === entry.id))];
}

function inserted(queue: readonly Entry[], entry: Entry, before: EntryId | null): Entry[] {
  const found = queue.findIndex((other) => other.id === before);
  return queue.toSpliced(found < 0 ? queue.length : found, 0, entry);
}

function without(queue: readonly Entry[], id: EntryId): Entry[] {
  return queue.filter((entry) => entry.id !== id);
}

function latest(votes: Record<EntryId, number>): Record<EntryId, number> {
  const cast = Object.entries(votes).filter(([, value]) => value !== 0);
  return Object.fromEntries(cast.slice(-VOTES_MAX));
}
