import type { AccountList, AuthResponse, GuestRequest, LoginRequest, RegisterRequest, User, UserId } from '$protocol';
import type { ExclusiveLock } from '../browser/exclusive-lock';
import { Failure, type Fetch, type Request, request, type Slot } from './http';
import type { SlotChange } from './slot-broadcast';
import type { SlotMemory } from './slot-memory';

/** A token is replaced this long before it runs out, so that none runs out on its way to the server. */
const MARGIN_MS = 30_000;

export interface Token {
  value: string;
  /** On the clock that the session was given. */
  expiresAtMs: number;
  /** Who it speaks for. */
  user: UserId;
}

export interface SessionOptions {
  fetch: Fetch;
  nowMs: () => number;
  memory: SlotMemory;
  exclusively: ExclusiveLock;
  /** To the other tabs. */
  tell: (news: SlotChange) => void;
}

/**
 * Who this tab speaks for: one of the people on this device, each in a slot with a cookie of its own. The access token
 * lives in memory only; the refresh token is a cookie that scripts cannot read.
 *
 * Refresh tokens rotate, and using one twice looks like theft: however many callers need a fresh token at once, one
 * request is made, and whatever changes a slot's cookie is done by one tab at a time. A tab never becomes somebody else
 * but by choice, its own or another tab's in the same slot.
 */
export class Session {
  user: User | null = null;
  slot: number | null = null;
  #token: Token | null = null;
  #refreshing: { slot: number; token: Promise<Token> } | null = null;
  #onChange: (user: User | null) => void = () => {};
  #onPeople: (list: AccountList) => void = () => {};

  constructor(private readonly options: SessionOptions) {}

  /** Called when it is somebody else, nobody, or somebody under another name. */
  onChange(listener: (user: User | null) => void): void {
    this.#onChange = listener;
  }

  /** Called whenever the server says who is on this device. */
  onPeople(listener: (list: AccountList) => void): void {
    this.#onPeople = listener;
  }

  /**
   * Finds out who this tab speaks for when it opens: whoever came back in slot `returned`, else whom it remembers, else,
   * where nobody ever was remembered, the first on this device. Throws when the server cannot be reached.
   */
  async restore(returned: number | null = null): Promise<void> {
    const { memory } = this.options;
    const remembered = memory.recall();
    if (returned !== null && (await this.#resume(returned))) {
      memory.choose(returned);
      this.options.tell({ slot: returned, user: this.user });
    } else if (typeof remembered === 'number') {
      if (await this.#resume(remembered)) memory.keep(remembered);
      else memory.forget(remembered);
    } else {
      // Somebody new hears "nobody" here, where a refresh would answer 401.
      const first = (await this.people()).accounts[0];
      if (remembered === null && first !== undefined) await ifKnown(this.activate(first.slot));
    }
  }

  /** Who is in on this device. */
  async people(): Promise<AccountList> {
    const list = (await (await this.#request('me/accounts', {})).json()) as AccountList;
    this.#onPeople(list);
    return list;
  }

  guest(body: GuestRequest, where: Slot = this.here()): Promise<User> {
    return this.#enter('auth/guest', body, where);
  }

  /** A guest stays who they are, unless it is `new` somebody. */
  register(body: RegisterRequest, where: Slot = this.here()): Promise<User> {
    return this.#enter('auth/register', body, where);
  }

  /** Whoever was in this slot is out, unless it is `new` somebody. */
  login(body: LoginRequest, where: Slot = this.here()): Promise<User> {
    return this.#enter('auth/login', body, where);
  }

  /** Speaks for somebody else on this device from now on. */
  async activate(slot: number): Promise<User> {
    const auth = await this.#ask(`me/accounts/${slot}/activate`, slot, {});
    this.options.memory.choose(auth.slot);
    this.#accept(auth);
    return auth.user;
  }

  /** Where whoever comes in comes in: in the place of whom this tab speaks for, if anybody. */
  here(): Slot {
    return this.slot ?? 'new';
  }

  /** Ends this login, or all that this person has anywhere. */
  async logout(everywhere = false): Promise<void> {
    const { slot } = this;
    if (slot === null) return;
    const path = everywhere ? 'auth/logout?everywhere=true' : 'auth/logout';
    const token = this.#token?.value;
    await this.#exclusively(slot, () => this.#request(path, { method: 'POST', slot, token }));
    this.#left(slot);
  }

  /** Ends the login of anybody on this device. */
  async logoutOf(slot: number): Promise<void> {
    if (slot === this.slot) return this.logout();
    await this.#exclusively(slot, () => this.#request(`me/accounts/${slot}`, { method: 'DELETE' }));
    this.options.tell({ slot, user: null });
  }

  /** Deletes this person, and all about them. */
  async erase(): Promise<void> {
    const { value } = await this.token();
    const { slot } = this;
    await this.#request('me', { method: 'DELETE', token: value });
    if (slot !== null) this.#left(slot);
  }

  /** The profile of whom this tab speaks for is another now. */
  changed(user: User): void {
    if (this.slot === null || this.user?.id !== user.id) return;
    this.#become(user, this.slot);
    this.options.tell({ slot: this.slot, user });
  }

  /** Another tab did something to a slot. */
  heard({ slot, user }: SlotChange): void {
    if (slot !== this.slot) return;
    if (user === null) this.forget();
    else if (user.id === this.user?.id) this.#become(user, slot);
    // Somebody else is in this slot now, and so in this tab. Should it fail, the next need for a token finds it out.
    else this.refresh().catch(() => {});
  }

  /** A token that is valid for a while yet. */
  async token(): Promise<Token> {
    const token = this.#token;
    return token !== null && token.expiresAtMs - this.options.nowMs() > MARGIN_MS ? token : this.refresh();
  }

  refresh(): Promise<Token> {
    const { slot } = this;
    if (slot === null) return Promise.reject(new Failure('unauthenticated', ''));
    if (this.#refreshing?.slot === slot) return this.#refreshing.token;
    const token = this.#refresh(slot).finally(() => {
      if (this.#refreshing?.token === token) this.#refreshing = null;
    });
    this.#refreshing = { slot, token };
    return token;
  }

  /** The server no longer takes this tab for who it was. */
  forget(): void {
    if (this.slot !== null) this.options.memory.forget(this.slot);
    this.#token = null;
    this.#become(null, null);
  }

  async #refresh(slot: number): Promise<Token> {
    let auth: AuthResponse;
    try {
      auth = await this.#ask('auth/refresh', slot, {});
    } catch (error) {
      if (error instanceof Failure && error.code === 'unauthenticated' && this.slot === slot) this.forget();
      throw error;
    }
    // Who waited for it does not care that somebody else was chosen meanwhile: a token is for whoever is here.
    return this.slot === slot ? this.#accept(auth) : this.token();
  }

  async #resume(slot: number): Promise<boolean> {
    const auth = await ifKnown(this.#ask('auth/refresh', slot, {}));
    if (auth === null) return false;
    this.#accept(auth);
    return true;
  }

  async #enter(path: string, body: unknown, where: Slot): Promise<User> {
    // The token would say that whoever is here is meant, and make the new person them.
    const token = where === this.slot ? this.#token?.value : undefined;
    const auth = await this.#ask(path, where, { body, token });
    this.options.memory.choose(auth.slot);
    this.#accept(auth);
    this.options.tell({ slot: auth.slot, user: auth.user });
    return auth.user;
  }

  /** A request that changes a slot's cookie. */
  #ask(path: string, slot: Slot, options: Pick<Request, 'body' | 'token'>): Promise<AuthResponse> {
    return this.#exclusively(slot, async () => {
      const response = await this.#request(path, { ...options, method: 'POST', slot });
      return (await response.json()) as AuthResponse;
    });
  }

  #exclusively<T>(slot: Slot, work: () => Promise<T>): Promise<T> {
    return this.options.exclusively(`tutti.slot.${slot}`, work);
  }

  #request(path: string, options: Request): Promise<Response> {
    return request(this.options.fetch, path, options);
  }

  #accept(auth: AuthResponse): Token {
    const expiresAtMs = this.options.nowMs() + auth.expires_in * 1000;
    this.#token = { value: auth.access_token, expiresAtMs, user: auth.user.id };
    this.#become(auth.user, auth.slot);
    return this.#token;
  }

  #left(slot: number): void {
    if (this.slot === slot) this.forget();
    this.options.tell({ slot, user: null });
  }

  #become(user: User | null, slot: number | null): void {
    // Every refresh brings the profile; what is drawn from it need not be drawn again.
    if (slot === this.slot && JSON.stringify(user) === JSON.stringify(this.user)) return;
    this.user = user;
    this.slot = slot;
    this.#onChange(user);
  }
}

/** `null` for those whom the server does not know, or no longer. */
async function ifKnown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.code === 'unauthenticated') return null;
    throw error;
  }
}
