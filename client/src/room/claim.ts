import type { Room, UserId } from '$protocol';

/** Whether somebody may take a room over: it is theirs to take back, its host is gone long enough, or will be soon. */
export type Claim = { name: 'back' } | { name: 'take' } | { name: 'soon'; leftMs: number };

/** How long the host has had no device here; `null`: they are here; `unknown`: since before this page looked. */
export type HostGone = number | 'unknown' | null;

/** A page that is loaded again is gone for a moment, too: nobody needs to hear of it. */
const WORTH_TELLING_MS = 30_000;

/** `null`: there is nothing to offer. The server knows the time exactly, and says it when it was too early. */
export function claimOf(room: Room, me: UserId, gone: HostGone): Claim | null {
  const self = room.members.find(({ id }) => id === me);
  if (self === undefined || self.role === 'host') return null;
  if (room.owner === me) return { name: 'back' };
  const afterMs = room.settings.host_claim_after_ms;
  if (self.role !== 'cohost' || afterMs === 0 || gone === null) return null;
  if (gone === 'unknown' || gone >= afterMs) return { name: 'take' };
  return gone < WORTH_TELLING_MS ? null : { name: 'soon', leftMs: afterMs - gone };
}
