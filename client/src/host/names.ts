import type { Event, Room, UserId } from '$protocol';

/**
 * Names of members who left while this page was open: the room no longer has them, but the log mentions them. Names of
 * erased users are not kept.
 */
export function namesAfter(
  known: ReadonlyMap<UserId, string>,
  before: Room,
  events: readonly Event[],
): ReadonlyMap<UserId, string> {
  const gone = events.map(leavingMembers).filter((id) => id !== null);
  const forgotten = events.filter((event) => event.name === 'member_forgotten').map(({ member }) => member);
  if (gone.length === 0 && forgotten.length === 0) return known;
  const names = new Map(known);
  const people = [...before.members, ...(before.lobby ?? []), ...(before.banned ?? [])];
  for (const { id, name } of people) if (gone.includes(id)) names.set(id, name);
  for (const id of forgotten) names.delete(id);
  return names;
}

function leavingMembers(event: Event): UserId | null {
  switch (event.name) {
    case 'member_left':
    case 'member_kicked':
    case 'member_banned':
    case 'ban_lifted':
      return event.member;
    case 'lobby_left':
      return event.person;
    default:
      return null;
  }
}
