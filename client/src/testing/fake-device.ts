import type { AuthResponse, DeviceAccount, User } from '$protocol';
import { exclusiveLock } from '../browser/exclusive-lock';
import type { Memory } from '../browser/storage';
import { Session } from '../session/session';
import type { SlotChange } from '../session/slot-broadcast';
import { SlotMemory } from '../session/slot-memory';

/** In-memory storage. */
export function fakeMemory(): Memory {
  const kept = new Map<string, string>();
  return {
    recall: (key) => kept.get(key) ?? null,
    remember: (key, value) => void (value === null ? kept.delete(key) : kept.set(key, value)),
  };
}

export const person = (id: string, change: Partial<User> = {}): User => ({
  id,
  kind: 'guest',
  display_name: id[0]!.toUpperCase() + id.slice(1),
  spotify: false,
  ...change,
});

/**
 * A browser with its cookies, and the login endpoints of a server: refresh tokens rotate, and reusing one ends its
 * session, without a grace period.
 */
export class FakeDevice {
  /** The requests in order, such as `POST auth/refresh 0`. */
  asked: string[] = [];
  /** The bearer token of each request. */
  bearers: (string | null)[] = [];
  accounts: Record<string, User> = {};
  /** Users whose other device shows this code. */
  codes: Record<string, User> = {};
  reachable = true;
  nowMs = 0;
  #heldBack = new Map<string, Promise<void>>();
  #cookies = new Map<number, string>();
  #users = new Map<string, User>();
  #spent = new Set<string>();
  #count = 0;
  #storage = fakeMemory();
  #exclusively = exclusiveLock(undefined);
  #tabs: Session[] = [];

  /** Opens a tab, not restored yet. `memory` is left from an earlier tab. */
  tab(memory: Memory = fakeMemory()): Session {
    const session: Session = new Session({
      fetch: (url, init) => this.#answer(url.replace('/api/v1/', ''), init),
      nowMs: () => this.nowMs,
      memory: new SlotMemory(memory, this.#storage),
      exclusively: this.#exclusively,
      broadcast: (change: SlotChange) => {
        for (const other of this.#tabs) if (other !== session) other.slotChanged(change);
      },
    });
    this.#tabs.push(session);
    return session;
  }

  /** A user is logged in already, since another day. */
  keeps(slot: number, user: User): void {
    this.#give(slot, user);
  }

  /** Ends a session on the server: its cookie stays and is worthless. */
  ends(slot: number): void {
    this.#users.delete(this.#cookies.get(slot) ?? '');
  }

  /** Holds the answer to such a request until it is released. */
  holdBack(asked: string): () => void {
    const { promise, resolve } = withResolvers();
    this.#heldBack.set(asked, promise);
    return resolve;
  }

  async #answer(path: string, init: RequestInit): Promise<Response> {
    const headers = new Headers(init.headers);
    const named = headers.get('Tutti-Slot');
    const asked = [init.method, path, named].filter((part) => part !== null).join(' ');
    this.asked.push(asked);
    this.bearers.push(headers.get('Authorization'));
    const sent = new Map(this.#cookies);
    await this.#heldBack.get(asked);
    if (!this.reachable) throw new TypeError('network');
    const slot = named === 'new' ? this.#free() : Number(named ?? 0);
    const current = this.#userOf(sent.get(slot));
    const body = typeof init.body === 'string' ? JSON.parse(init.body) : {};
    switch (path.replace(/\d/, 'N')) {
      case 'me/accounts':
        return Response.json({ accounts: this.#people(), slots_max: 8 });
      case 'auth/refresh':
      case 'me/accounts/N/activate':
        return this.#rotate(slot, sent.get(slot));
      case 'auth/guest':
        return this.#give(slot, { ...person(`guest-${++this.#count}`), display_name: body.display_name });
      case 'auth/register':
        return this.#give(slot, {
          ...(current ?? person(`user-${++this.#count}`)),
          kind: 'user',
          username: body.username,
        });
      case 'auth/login': {
        const account = this.accounts[body.username];
        return account === undefined ? unknown() : this.#give(slot, account);
      }
      case 'auth/device': {
        const user = this.codes[body.code];
        return user === undefined ? Response.json({ code: 'not_found' }, { status: 404 }) : this.#give(slot, user);
      }
      case 'auth/logout':
      case 'auth/logout?everywhere=true':
        return this.#drop(slot);
      case 'me/accounts/N':
        return this.#drop(Number(path.at(-1)));
      case 'me':
        return new Response(null, { status: 204 });
      default:
        return Response.json({ code: 'not_found' }, { status: 404 });
    }
  }

  #rotate(slot: number, cookie: string | undefined): Response {
    const user = this.#userOf(cookie);
    if (cookie === undefined || user === undefined) return unknown();
    if (this.#spent.has(cookie)) {
      this.ends(slot);
      return unknown();
    }
    this.#spent.add(cookie);
    return this.#give(slot, user);
  }

  #give(slot: number, user: User): Response {
    const cookie = `${user.id}.${++this.#count}`;
    this.#cookies.set(slot, cookie);
    this.#users.set(cookie, user);
    const auth: AuthResponse = { access_token: `access-${cookie}`, expires_in: 600, user, slot };
    return Response.json(auth);
  }

  #drop(slot: number): Response {
    this.ends(slot);
    this.#cookies.delete(slot);
    return new Response(null, { status: 204 });
  }

  #people(): DeviceAccount[] {
    const slots = [...this.#cookies].sort(([a], [b]) => a - b);
    return slots.flatMap(([slot, cookie]) => {
      const user = this.#userOf(cookie);
      return user === undefined ? [] : [{ slot, user }];
    });
  }

  #userOf(cookie: string | undefined): User | undefined {
    return cookie === undefined ? undefined : this.#users.get(cookie);
  }

  #free(): number {
    let slot = 0;
    while (this.#cookies.has(slot)) slot += 1;
    return slot;
  }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {};
  const promise = new Promise<void>((done) => {
    resolve = done;
  });
  return { promise, resolve };
}

const unknown = () => Response.json({ code: 'forbidden' }, { status: 401 });
