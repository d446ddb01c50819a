import type { ServerDescription } from '$protocol';
import { exclusiveLock } from '../browser/exclusive-lock';
import { device, tab } from '../browser/storage';
import { nowMs } from '../browser/wall-clock';
import { at } from '../util/base';
import { Api } from './api';
import { Session } from './session';
import { slotBroadcast } from './slot-broadcast';
import { SlotMemory } from './slot-memory';

/**
 * The session of this page, and what a page asks first. It knows no texts, so the requests are on their way while the texts
 * are loaded.
 */

const fetcher = (path: string, init: RequestInit) => fetch(at(path), init);

const lock = exclusiveLock(navigator.locks);
let tellSent = () => {};
/** Resolves when a request for a token is on its way: it waits for a lock. */
export const tokenRequested = new Promise<void>((resolve) => {
  tellSent = resolve;
});

export const session: Session = new Session({
  fetch: fetcher,
  nowMs,
  memory: new SlotMemory(tab, device),
  exclusively: (name, work) =>
    lock(name, () => {
      const done = work();
      tellSent();
      return done;
    }),
  broadcast: slotBroadcast((change) => session.slotChanged(change)),
});

export const api = new Api(fetcher, session);

/** Both fail when the server is not reachable. */
export interface FirstRequests {
  server: Promise<ServerDescription>;
  restored: Promise<void>;
}

let early: FirstRequests | null = null;

/** Sends the requests before the app is loaded. */
export function requestEarly(): FirstRequests {
  early = firstRequests(null);
  return early;
}

/**
 * The requests that were sent early, once; otherwise they are sent now. `returned` is the slot of a login at Spotify, which an
 * early request does not know.
 */
export function takeFirstRequests(returned: number | null): FirstRequests {
  const taken = returned === null ? early : null;
  early = null;
  return taken ?? firstRequests(returned);
}

function firstRequests(returned: number | null): FirstRequests {
  const requests = { server: api.server(), restored: session.restore(returned) };
  // Failures are handled by the caller, which may come later.
  for (const request of Object.values(requests)) request.catch(() => {});
  return requests;
}
