import type { Room, UserId } from '$protocol';
import { type May, mayPlay, permissionsOf } from './permissions';

/** Why somebody's queue takes no part in the order of play. */
export type Waits = 'paused' | 'away' | 'role' | 'line';

/** `null`: it takes part, or would. */
export function waitsBecause(room: Room, id: UserId): Waits | null {
  const member = room.members.find((other) => other.id === id);
  if (member === undefined) return 'role';
  if (member.paused) return 'paused';
  if (member.away) return 'away';
  if (!mayPlay(permissionsOf(member, room.settings), room.settings)) return 'role';
  return (placeInLine(room, id) ?? 0) > 0 ? 'line' : null;
}

/**
 * Whether somebody has a stake in where they are in line: they wait in it, or have something waiting that nothing else
 * explains.
 */
export function minds(room: Room, id: UserId, has: boolean): boolean {
  if (room.settings.players_max === 0 || room.upcoming.some(({ member }) => member === id)) return false;
  const waits = waitsBecause(room, id);
  return waits === 'line' || (waits === null && has);
}

/** Whether one's own order makes a difference, and is one's own to make. */
export function mayReorder(room: Room, may: May): boolean {
  if (room.settings.policy === 'votes') return false;
  return may(room.settings.policy === 'host' ? 'curate_queue' : 'queue');
}

/** 0 for those who play, 1 for whoever is next to; `null` where everybody plays, and for those who are not in the line. */
export function placeInLine(room: Room, id: UserId): number | null {
  const playersMax = room.settings.players_max;
  const place = (room.line ?? []).indexOf(id);
  if (playersMax === 0 || place < 0) return null;
  return Math.max(0, place - playersMax + 1);
}
