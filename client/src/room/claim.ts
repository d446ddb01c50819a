import { isOffered, type Known } from './offers';

/** Whether a member may take over the room: it was theirs, its host is absent long enough, or will be soon. */
export type Claim = { name: 'back' } | { name: 'take' } | { name: 'soon'; leftMs: number };

/** A page that reloads is absent for a moment; that is not shown. */
const WORTH_TELLING_MS = 30_000;

/** `null`: no offer. The server knows the exact time, and refuses a claim that is too early. */
export function claimOf(known: Known): Claim | null {
  const { room, me, hostGoneMs } = known;
  const isOfferedAfter = (ms: Known['hostGoneMs']) => isOffered({ ...known, hostGoneMs: ms }, { name: 'claim_host' });
  if (isOfferedAfter(hostGoneMs)) return { name: room.owner === me ? 'back' : 'take' };
  if (typeof hostGoneMs !== 'number' || hostGoneMs < WORTH_TELLING_MS || !isOfferedAfter('unknown')) return null;
  return { name: 'soon', leftMs: room.settings.host_claim_after_ms - hostGoneMs };
}
