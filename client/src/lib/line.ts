import type { Entry, Event, Room, UserId } from '$protocol';
import { mayPlay, permissionsOf } from './permissions';

/**
 * Who plays where only so many do, and who waits for it. It stands in no delta and is followed from events; `null` where
 * only a snapshot knows, which is rare: when somebody comes back to a place that nobody sees, when rules change, and when
 * what was followed and the order of play do not agree.
 */
export function lineAfter(before: Room, after: Room, events: readonly Event[]): UserId[] | null {
  const playersMax = after.settings.players_max;
  if (playersMax === 0) return [];
  if (before.settings.players_max === 0) return null;
  let line = before.line ?? [];
  for (const event of events) {
    const next = step(line, event, before, after, events);
    if (next === null) return null;
    line = next;
  }
  if (!isWhole(after)) return line;
  const playing = new Set(after.upcoming.filter(({ fallback }) => !fallback).map(({ member }) => member));
  const first = line.slice(0, playersMax);
  const agrees = first.length === playing.size && first.every((id) => playing.has(id));
  return agrees ? line : null;
}

/** Whether all that is in the order is shown. */
export function isWhole(room: Room): boolean {
  return room.upcoming.length >= room.upcoming_total;
}

function step(line: UserId[], event: Event, before: Room, after: Room, events: readonly Event[]): UserId[] | null {
  switch (event.name) {
    case 'entry_added':
      return joined(line, event.entry.member, after);
    case 'suggestion_approved': {
      const owner = suggested(before, events).find(({ id }) => id === event.entry)?.member;
      return owner === undefined ? null : joined(line, owner, after);
    }
    case 'entry_started':
      return event.entry.fallback ? line : afterTurn(line, event.entry.member, before, after, events);
    case 'entry_removed': {
      const removed = before.upcoming.find(({ id }) => id === event.entry);
      // What was wanted by others, too, is theirs now; and of those who wait, nobody sees how much they have.
      if (removed === undefined || (removed.credits?.length ?? 0) > 0) return null;
      return afterTurn(line, removed.member, before, after, events);
    }
    case 'queue_cleared':
      return event.member ? without(line, event.member) : [];
    case 'stepped_down':
      return [...without(line, event.member), event.member];
    case 'member_away':
      return without(line, event.member);
    case 'queue_paused':
      return event.paused ? without(line, event.member) : null;
    case 'member_left':
    case 'member_kicked':
    case 'member_banned':
    case 'member_forgotten':
      return before.upcoming.some(({ member, credits }) => member === event.member && credits?.length)
        ? null
        : without(line, event.member);
    case 'settings_changed': {
      const { players_max, permissions, suggestions } = event.settings;
      return (players_max ?? permissions ?? suggestions ?? null) === null ? line : null;
    }
    case 'member_returned':
    case 'member_merged':
    case 'role_changed':
    case 'permission_changed':
    case 'host_transferred':
    case 'host_claimed':
    case 'undone':
      return null;
    default:
      return line;
  }
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
function afterTurn(line: UserId[], id: UserId, before: Room, after: Room, events: readonly Event[]): UserId[] | null {
  const theirs = ({ member }: Entry) => member === id;
  if (after.upcoming.some(theirs)) return line;
  if (!isWhole(before) || !isWhole(after)) return null;
  const over = new Set(
    events.flatMap((event) =>
      event.name === 'entry_started' ? [event.entry.id] : event.name === 'entry_removed' ? [event.entry] : [],
    ),
  );
  const added = events.flatMap((event) => (event.name === 'entry_added' ? [event.entry] : []));
  const left = [...before.upcoming, ...added].filter((entry) => theirs(entry) && !over.has(entry.id));
  return left.length > 0 ? [...without(line, id), id] : without(line, id);
}

function suggested(before: Room, events: readonly Event[]): Entry[] {
  return [
    ...(before.suggestions ?? []),
    ...events.flatMap((event) => (event.name === 'entry_suggested' ? [event.entry] : [])),
  ];
}
