import type { DevicePresence, Member, Role, Room, UserId } from '$protocol';

/** As many as are found by looking; with more, one wants to type a name. */
export const SEARCH_FROM = 12;

/** Those whose name has all of the words in it, in any case. */
export function findPeople(members: readonly Member[], query: string): Member[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return members.filter(({ name }) => words.every((word) => name.toLocaleLowerCase().includes(word)));
}

/** Whether somebody's standing lets them act on another: nobody acts on the host, and on co-hosts only the host does. */
export function standsBelow(other: Member, me: Member): boolean {
  if (other.id === me.id || other.role === 'host') return false;
  return other.role !== 'cohost' || me.role === 'host';
}

/** The roles that somebody can give. */
export function grantable(me: Member): Role[] {
  return me.role === 'host' ? ['cohost', 'player', 'listener'] : ['player', 'listener'];
}

export const WEIGHT_USUAL = 100;
const WEIGHT_MIN = 10;
const WEIGHT_MAX = 1_000;

export function weightOf(room: Room, id: UserId): number {
  return room.settings.weights[id] ?? WEIGHT_USUAL;
}

/** A weight as typed; `null` when it cannot be one. */
export function readWeight(typed: string): number | null {
  const weight = Number(typed.trim());
  const fits = Number.isInteger(weight) && weight >= WEIGHT_MIN && weight <= WEIGHT_MAX;
  return typed.trim() !== '' && fits ? weight : null;
}

/**
 * Sending somebody out can be undone, so it is not asked about. It is when more goes with them than their queue: what
 * they hold for the room, or the room's sound.
 */
export function kickSurprises(member: Member, devices: readonly DevicePresence[]): boolean {
  return member.role === 'cohost' || devices.some(({ playback }) => playback !== undefined && playback !== null);
}

/** What waits of somebody, as far as the order shows it. */
export function waitingOf(room: Room, id: UserId): { count: number; ms: number } {
  const own = room.upcoming.filter((entry) => entry.member === id);
  return { count: own.length, ms: own.reduce((sum, { track }) => sum + track.duration_ms, 0) };
}
