import type { Entry, Event, Member, Room, ServerFrame, UserId } from '$protocol';
import { measuredRoom } from './measured';
import { changedSettings } from './settings';

export type Delta = Extract<ServerFrame, { type: 'delta' }>;

/**
 * Applies a delta to the room. Pure. `null` when an event is unknown here: then a snapshot is necessary.
 *
 * Neither the order of play nor the waitlist is derived from events: a delta that changes one carries it.
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
    line: delta.waitlist ?? next.line ?? [],
  };
}

/** The user's id after events: a guest who logs in continues as their account. */
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
      return {
        ...room,
        members: [...without(room.members, event.member.id), event.member],
        lobby: without(room.lobby, event.member.id),
      };
    case 'member_left':
    case 'member_kicked':
      return gone(room, event.member);
    case 'member_forgotten':
      return forgotten(gone(room, event.member), event.member);
    case 'member_banned':
      return banned(room, event.member);
    case 'ban_lifted':
      return { ...room, banned: without(room.banned, event.member) };
    case 'member_away':
      return changeMember(room, event.member, { away: true });
    case 'member_returned':
      return changeMember(room, event.member, { away: false });
    case 'member_renamed':
      return changeMember(room, event.member, {
        name: event.member_name,
        look_alike: event.look_alike === true,
      });
    case 'member_changed':
      return changeMember(room, event.member, {
        name: event.member_name,
        kind: event.kind,
        look_alike: event.look_alike === true,
        picture: event.picture ?? null,
      });
    case 'member_merged':
      return mergeMembers(room, event.from, event.to);
    case 'member_muted':
      return changeMember(room, event.member, { muted: event.muted });
    case 'queue_paused':
      return changeMember(room, event.member, { paused: event.paused });
    case 'role_changed':
      return changeMember(room, event.member, { role: event.role });
    case 'permission_changed':
      return changePermission(room, event);
    case 'host_transferred':
      return handOver(
        room,
        event.from,
        event.to,
        [event.from, event.to].includes(room.owner ?? '') ? null : room.owner,
      );
    case 'host_claimed':
      // `owner` is the former host, who may claim the room back; when they do, there is none.
      return handOver(room, event.from, event.to, room.owner === event.to ? null : (room.owner ?? event.from));
    case 'settings_changed': {
      const settings = changedSettings(room.settings, event.settings);
      const locked = settings.admission === 'locked';
      return { ...room, settings, locked, fallback: event.fallback ?? room.fallback ?? [] };
    }
    case 'room_renamed':
      return { ...room, name: event.room_name };
    case 'lobby_entered':
      return { ...room, lobby: [...without(room.lobby, event.person.id), event.person] };
    case 'lobby_left':
      return { ...room, lobby: without(room.lobby, event.person) };
    case 'entry_suggested':
      return { ...room, suggestions: [...(room.suggestions ?? []), event.entry] };
    case 'suggestion_approved':
    case 'suggestion_rejected':
      return { ...room, suggestions: (room.suggestions ?? []).filter(({ id }) => id !== event.entry) };
    case 'entry_started':
      return { ...room, now_playing: event.entry, playback: event.playback, skip_votes: [] };
    case 'entry_ended':
      return room.now_playing?.id === event.entry ? { ...room, now_playing: null, skip_votes: [] } : room;
    case 'track_measured':
      return measuredRoom(room, event);
    case 'skip_voted':
      return { ...room, skip_votes: [...(room.skip_votes ?? []).filter((id) => id !== event.member), event.member] };
    case 'playback_changed':
      return { ...room, playback: event.playback };
    case 'output_changed':
      return { ...room, output: event.output };
    case 'undone':
      return event.member ? takeBack(room, event.member) : room;
    case 'screen_added':
      return { ...room, screens: [...(room.screens ?? []).filter(({ id }) => id !== event.screen.id), event.screen] };
    case 'screen_removed':
      return { ...room, screens: (room.screens ?? []).filter(({ id }) => id !== event.screen) };
    case 'room_closed':
      return { ...room, suggestions: [], screens: [] };
    case 'entry_added':
    case 'entry_removed':
    case 'entry_moved':
    case 'entry_promoted':
    case 'entry_voted':
    case 'entry_credited':
    case 'queue_cleared':
    case 'stepped_down':
    case 'next_locked':
    case 'passcode_changed':
    case 'noted':
      return room;
    default:
      return null;
  }
}

function without(members: Member[] | undefined, id: UserId): Member[] {
  return (members ?? []).filter((member) => member.id !== id);
}

function changeMember(room: Room, id: UserId, change: Partial<Member>): Room {
  return { ...room, members: room.members.map((member) => (member.id === id ? { ...member, ...change } : member)) };
}

/** A member who leaves, for any reason, loses their suggestions and their claim to the room. */
function gone(room: Room, id: UserId): Room {
  return {
    ...room,
    members: without(room.members, id),
    suggestions: (room.suggestions ?? []).filter((entry) => entry.member !== id),
    owner: room.owner === id ? null : (room.owner ?? null),
  };
}

function forgotten(room: Room, id: UserId): Room {
  const { [id]: _, ...weights } = room.settings.weights;
  const on = room.now_playing;
  return {
    ...room,
    settings: { ...room.settings, weights },
    lobby: without(room.lobby, id),
    banned: without(room.banned, id),
    skip_votes: (room.skip_votes ?? []).filter((voter) => voter !== id),
    now_playing: on && { ...on, credits: (on.credits ?? []).filter((credited) => credited !== id) },
  };
}

function banned(room: Room, id: UserId): Room {
  const known = [...room.members, ...(room.lobby ?? [])].find((person) => person.id === id);
  // The names of members who left earlier are unknown.
  const person: Member = known ?? { id, name: '', role: 'listener', kind: 'guest', away: false };
  return {
    ...gone(room, id),
    lobby: without(room.lobby, id),
    banned: [...without(room.banned, id), { ...person, role: 'listener', away: false }],
  };
}

function changePermission(room: Room, event: Extract<Event, { name: 'permission_changed' }>): Room {
  const { [event.action]: _, ...others } = room.members.find(({ id }) => id === event.member)?.exceptions ?? {};
  const allowed = event.allowed ?? null;
  const exceptions = allowed === null ? others : { ...others, [event.action]: allowed };
  return changeMember(room, event.member, { exceptions });
}

function handOver(room: Room, from: UserId, to: UserId, owner: UserId | null | undefined): Room {
  // Exceptions do not apply to a host.
  const handed = changeMember(changeMember(room, from, { role: 'cohost' }), to, { role: 'host', exceptions: {} });
  return { ...handed, owner: owner ?? null };
}

/** Restores a member at the end of the list; the next snapshot has their old position. */
function takeBack(room: Room, member: Member): Room {
  const isHere = room.members.some(({ id }) => id === member.id);
  return isHere ? changeMember(room, member.id, member) : { ...room, members: [...room.members, member] };
}

/** An account that is new in the room takes the guest's place in the member list and everywhere else. */
function mergeMembers(room: Room, from: UserId, to: Member): Room {
  const place = room.members.some((member) => member.id === to.id) ? to.id : from;
  const members = room.members
    .filter((member) => member.id === place || member.id !== from)
    .map((member) => (member.id === place ? to : member));
  const { [from]: weight, ...weights } = room.settings.weights;
  const on = room.now_playing;
  return {
    ...room,
    members,
    settings: { ...room.settings, weights: weight === undefined ? weights : { [to.id]: weight, ...weights } },
    now_playing: on && renamed(on, from, to.id),
    suggestions: (room.suggestions ?? []).map((entry) => renamed(entry, from, to.id)),
    skip_votes: renamedIn(room.skip_votes ?? [], from, to.id),
    owner: room.owner === from ? to.id : (room.owner ?? null),
    lobby: without(room.lobby, to.id),
  };
}

/** No duplicate credits, and none on a member's own entry. */
function renamed(entry: Entry, from: UserId, to: UserId): Entry {
  const member = entry.member === from ? to : entry.member;
  return { ...entry, member, credits: renamedIn(entry.credits ?? [], from, to).filter((id) => id !== member) };
}

function renamedIn(ids: UserId[], from: UserId, to: UserId): UserId[] {
  return [...new Set(ids.map((id) => (id === from ? to : id)))];
}
