import type { Command, DevicePresence, Member, Room, UserId } from '$protocol';

/** Up to this many members can be found by looking; beyond it there is a search field. */
export const SEARCH_FROM = 12;

/** Members whose name contains all words, ignoring case. */
export function findPeople(members: readonly Member[], query: string): Member[] {
  const words = query.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return members.filter(({ name }) => words.every((word) => name.toLocaleLowerCase().includes(word)));
}

export const WEIGHT_USUAL = 100;
const WEIGHT_MIN = 10;
const WEIGHT_MAX = 1_000;

export function weightOf(room: Room, id: UserId): number {
  return room.settings.weights[id] ?? WEIGHT_USUAL;
}

/** Parses a weight; `null` when it is not one. */
export function readWeight(typed: string): number | null {
  const weight = Number(typed.trim());
  const fits = Number.isInteger(weight) && weight >= WEIGHT_MIN && weight <= WEIGHT_MAX;
  return typed.trim() !== '' && fits ? weight : null;
}

/**
 * Removing a member can be undone, so there is no confirmation, except when more than their queue goes with them: what
 * they hold for the room, or the room's sound.
 */
export function kickNeedsConfirmation(member: Member, devices: readonly DevicePresence[]): boolean {
  return member.role === 'cohost' || devices.some(({ playback }) => playback !== undefined && playback !== null);
}

/**
 * What the console lets a user do to a member. Never to themselves: the server accepts some of it, but a co-host who
 * demotes themselves by mistake could not undo that.
 */
export function moderationOf(member: UserId, me: UserId | null, isOffered: (command: Command) => boolean) {
  const can = (command: Command) => member !== me && isOffered(command);
  return {
    setRole: can({ name: 'set_role', member, role: 'player' }),
    mute: can({ name: 'mute', member, muted: true }),
    setPermission: can({ name: 'set_permission', member, action: 'queue' }),
    kick: can({ name: 'kick', member }),
    ban: can({ name: 'ban', member }),
  };
}

/** A member's waiting entries, as far as the order shows them. */
export function waitingOf(room: Room, id: UserId): { count: number; ms: number } {
  const own = room.upcoming.filter((entry) => entry.member === id);
  return { count: own.length, ms: own.reduce((sum, { track }) => sum + track.duration_ms, 0) };
}
