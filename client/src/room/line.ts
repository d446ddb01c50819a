import type { Entry, Event, Room, UserId } from '$protocol';
import { mayPlay, permissionsOf } from './permissions';

/** A line, and whether it is known to be right. */
export interface Line {
  line: UserId[];
  sure: boolean;
}

/**
 * Who plays where only so many do, and who waits for it. It stands in no delta and is followed from events. Not everything
 * can be: where somebody comes back to a place that nobody sees, or what was followed and the order of play do not agree,
 * it is as good as it gets, and only a snapshot knows better.
 */
export function lineAfter(before: Room, after: Room, events: readonly Event[]): Line {
  const playersMax = after.settings.players_max;
  if (playersMax === 0) return { line: [], sure: true };
  let sure = before.settings.players_max > 0;
  let line = sure ? (before.line ?? []) : wantedIn(before);
  for (const event of events) {
    const next = step(line, event, before, after, events);
    line = next.line;
    sure &&= next.sure;
  }
  const playing = new Set(after.upcoming.filter(({ fallback }) => !fallback).map(({ member }) => member));
  const first = line.slice(0, playersMax);
  const agrees = first.length === playing.size && first.every((id) => playing.has(id));
  return { line, sure: sure && (agrees || !isWhole(after)) };
}

/** Whether all that is in the order is shown. */
export function isWhole(room: Room): boolean {
  return room.upcoming.length >= room.upcoming_total;
}

function step(line: UserId[], event: Event, before: Room, after: Room, events: readonly Event[]): Line {
  const surely = (next: UserId[]): Line => ({ line: next, sure: true });
  const perhaps = (next: UserId[]): Line => ({ line: next, sure: false });
  switch (event.name) {
    case 'entry_added':
      return surely(joined(line, event.entry.member, after));
    case 'suggestion_approved': {
      const owner = suggested(before, events).find(({ id }) => id === event.entry)?.member;
      return owner === undefined ? perhaps(line) : surely(joined(line, owner, after));
    }
    case 'entry_started':
      return event.entry.fallback ? surely(line) : afterTurn(line, event.entry.member, before, after, events);
    case 'entry_removed': {
      const removed = before.upcoming.find(({ id }) => id === event.entry);
      // What was wanted by others, too, is theirs now; and of those who wait, nobody sees how much they have.
      if (removed === undefined || removed.credits?.length) return perhaps(line);
      return afterTurn(line, removed.member, before, after, events);
    }
    case 'queue_cleared':
      return surely(event.member ? without(line, event.member) : []);
    case 'stepped_down':
      return surely([...without(line, event.member), event.member]);
    case 'member_away':
      return surely(without(line, event.member));
    case 'queue_paused':
      return event.paused ? surely(without(line, event.member)) : perhaps(line);
    case 'member_left':
    case 'member_kicked':
    case 'member_banned':
    case 'member_forgotten': {
      const left = without(line, event.member);
      const isShared = before.upcoming.some(({ member, credits }) => member === event.member && credits?.length);
      return isShared ? perhaps(left) : surely(left);
    }
    case 'member_merged':
      return surely([...new Set(line.map((id) => (id === event.from ? event.to.id : id)))]);
    case 'role_changed':
    case 'permission_changed':
    case 'settings_changed':
    case 'host_transferred':
    case 'host_claimed':
      return allowed(line, before, after);
    case 'member_returned':
    case 'undone':
      return perhaps(line);
    default:
      return surely(line);
  }
}

/** Whoever may not play any more goes; whoever may again has a place that nobody sees. */
function allowed(line: UserId[], before: Room, after: Room): Line {
  const may = (room: Room, id: UserId) =>
    mayPlay(
      permissionsOf(
        room.members.find((member) => member.id === id),
        room.settings,
      ),
      room.settings,
    );
  const regained = after.members.some(({ id }) => !may(before, id) && may(after, id));
  return { line: line.filter((id) => may(after, id)), sure: !regained };
}

/** Where a line begins, all who want to play stand in it as they joined. */
function wantedIn(room: Room): UserId[] {
  const owners = new Set(room.upcoming.map(({ member }) => member));
  return room.members.map(({ id }) => id).filter((id) => owners.has(id));
}

function without(line: UserId[], id: UserId): UserId[] {
  return line.filter((other) => other !== id);
}

/** Whoever begins to want to play goes to the end. */
function joined(line: UserId[], id: UserId, room: Room): UserId[] {
  const member = room.members.find((other) => other.id === id);
  const wants =
    member !== undefined &&
    !member.away &&
    !member.paused &&
    mayPlay(permissionsOf(member, room.settings), room.settings);
  return line.includes(id) || !wants ? line : [...line, id];
}

/** Who has nothing more loses the place; who has, and plays no more, has had enough turns. */
function afterTurn(line: UserId[], id: UserId, before: Room, after: Room, events: readonly Event[]): Line {
  const theirs = ({ member }: Entry) => member === id;
  if (after.upcoming.some(theirs)) return { line, sure: true };
  const over = new Set(
    events.flatMap((event) =>
      event.name === 'entry_started' ? [event.entry.id] : event.name === 'entry_removed' ? [event.entry] : [],
    ),
  );
  const added = events.flatMap((event) => (event.name === 'entry_added' ? [event.entry] : []));
  const left = [...before.upcoming, ...added].filter((entry) => theirs(entry) && !over.has(entry.id));
  const rest = without(line, id);
  return { line: left.length > 0 ? [...rest, id] : rest, sure: isWhole(before) && isWhole(after) };
}

function suggested(before: Room, events: readonly Event[]): Entry[] {
  return [
    ...(before.suggestions ?? []),
    ...events.flatMap((event) => (event.name === 'entry_suggested' ? [event.entry] : [])),
  ];
}
