import type { Event, Member, Room, ServerFrame, UserId } from '$protocol';

export type Delta = Extract<ServerFrame, { type: 'delta' }>;

/**
 * The room after a delta. Pure. `null` when an event is not known here: then only a snapshot tells the truth.
 *
 * The order of play is not derived from events; a delta that changes it carries the new one.
 */
export function applyDelta(room: Room, delta: Delta): Room | null {
  let next = room;
  for (const event of delta.events) {
    const applied = applyEvent(next, event);
    if (applied === null) return null;
    next = applied;
  }
  return {
    ...next,
    upcoming: delta.upcoming ?? next.upcoming,
    upcoming_total: delta.upcoming_total ?? next.upcoming_total,
  };
}

/** Who somebody is after events: a guest who has logged in is their account from then on. */
export function identityAfter(events: readonly Event[], id: UserId | null): UserId | null {
  let now = id;
  for (const event of events) if (event.name === 'member_merged' && event.from === now) now = event.to.id;
  return now;
}

function applyEvent(room: Room, event: Event): Room | null {
  switch (event.name) {
    case 'room_created':
      return { ...room, name: event.room_name, members: [event.host] };
    case 'member_joined':
      return { ...room, members: [...without(room.members, event.member.id), event.member] };
    case 'member_left':
    case 'member_kicked':
    case 'member_forgotten':
      return { ...room, members: without(room.members, event.member) };
    case 'member_away':
      return changeMember(room, event.member, { away: true });
    case 'member_returned':
      return changeMember(room, event.member, { away: false });
    case 'member_renamed':
      return changeMember(room, event.member, { name: event.member_name });
    case 'member_changed':
      return changeMember(room, event.member, {
        name: event.member_name,
        kind: event.kind,
        picture: event.picture ?? null,
      });
    case 'member_merged':
      return mergeMembers(room, event.from, event.to);
    case 'role_changed':
      return changeMember(room, event.member, { role: event.role });
    case 'host_transferred':
      return changeMember(changeMember(room, event.from, { role: 'cohost' }), event.to, { role: 'host' });
    case 'entry_started':
      return { ...room, now_playing: event.entry, playback: event.playback };
    case 'entry_ended':
      return room.now_playing?.id === event.entry ? { ...room, now_playing: null } : room;
    case 'playback_changed':
      return { ...room, playback: event.playback };
    case 'entry_added':
    case 'entry_removed':
    case 'entry_moved':
    case 'next_locked':
    case 'room_closed':
    case 'noted':
      return room;
    default:
      return null;
  }
}

function without(members: Member[], id: UserId): Member[] {
  return members.filter((member) => member.id !== id);
}

/** An account that is new here takes over the guest's place among the members too. */
function mergeMembers(room: Room, from: UserId, to: Member): Room {
  const place = room.members.some((member) => member.id === to.id) ? to.id : from;
  const members = room.members
    .filter((member) => member.id === place || member.id !== from)
    .map((member) => (member.id === place ? to : member));
  const on = room.now_playing;
  return { ...room, members, now_playing: on?.member === from ? { ...on, member: to.id } : on };
}

function changeMember(room: Room, id: UserId, change: Partial<Member>): Room {
  return { ...room, members: room.members.map((member) => (member.id === id ? { ...member, ...change } : member)) };
}
