import type { UserId } from '$protocol';
import { nothingOwn, type Own } from './own';
import { recall, remember } from './storage';

const KEY = 'tutti.own';
/** What is remembered of a long queue: enough to recognise it, and no burden for the browser. */
const ENTRIES_MAX = 200;

interface Kept extends Pick<Own, 'queue' | 'votes'> {
  code: string;
  member: UserId;
}

/** What this device last saw of somebody's own things in a room: through a reload, for the room it was in last. */
export function recallOwn(code: string, member: UserId): Own {
  const kept = parsed(recall(KEY));
  if (kept === null || kept.code !== code || kept.member !== member) return nothingOwn;
  return { ...nothingOwn, queue: kept.queue, votes: kept.votes };
}

export function rememberOwn(code: string, member: UserId, { queue, votes }: Own): void {
  remember(KEY, JSON.stringify({ code, member, queue: queue.slice(0, ENTRIES_MAX), votes } satisfies Kept));
}

function parsed(text: string | null): Kept | null {
  try {
    const kept = JSON.parse(text ?? 'null') as Kept | null;
    return Array.isArray(kept?.queue) && typeof kept.votes === 'object' ? kept : null;
  } catch {
    return null;
  }
}
