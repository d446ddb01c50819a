import type { Room, UserId } from '$protocol';

/** Whether a member may take over the room: it was theirs, its host is absent long enough, or will be soon. */
export type Claim = { name: 'back' } | { name: 'take' } | { name: 'soon'; leftMs: number };

/** How long the host has had no connected device; `null`: present; `unknown`: since before this page opened. */
export type HostGone = number | 'unknown' | null;

/** A page that reloads is absent for a moment; that is not shown. */
const WORTH_TELLING_MS = 30_000;

/** `null`: no offer. The server knows the exact time, and refuses a claim that is too early. */
export function claimOf(room: Room, me: UserId, gone: HostGone): Claim | null {
  const self = room.members.find(({ id }) => id === me);
  if (self === undefined || self.role === 'host') return null;
  if (room.owner === me) return { name: 'back' };
  const afterMs = room.settings.host_claim_after_ms;
  if (self.role !== 'cohost' || afterMs === 0 || gone === null) return null;
  if (gone === 'unknown' || gone >= afterMs) return { name: 'take' };
  return gone < WORTH_TELLING_MS ? null : { name: 'soon', leftMs: afterMs - gone };
}
