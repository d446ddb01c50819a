import type { Room, UserId } from '$protocol';
import { mayPlay, permissionsOf } from './permissions';

/** Why a member's queue takes no part in the order of play. */
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

/** 0 for members who play, 1 for the next one; `null` where everyone plays, and for members who are not waiting. */
export function placeInLine(room: Room, id: UserId): number | null {
  const playersMax = room.settings.players_max;
  const place = (room.line ?? []).indexOf(id);
  if (playersMax === 0 || place < 0) return null;
  return Math.max(0, place - playersMax + 1);
}
