import type {
  AccountList,
  AuthResponse,
  DeviceLoginRequest,
  GuestRequest,
  LoginRequest,
  NewPasswordRequest,
  RegisterRequest,
  User,
  UserId,
} from '$protocol';
import type { ExclusiveLock } from '../browser/exclusive-lock';
import { Failure, type Fetch, type Request, request, type Slot } from './http';
import type { SlotChange } from './slot-broadcast';
import type { SlotMemory } from './slot-memory';

/** A token is replaced this long before it expires, so that it is still valid when it reaches the server. */
const MARGIN_MS = 30_000;

export interface Token {
  value: string;
  /** On the clock passed to the session. */
  expiresAtMs: number;
  /** The user it identifies. */
  user: UserId;
}

export interface SessionOptions {
  fetch: Fetch;
  nowMs: () => number;
  memory: SlotMemory;
  exclusively: ExclusiveLock;
  /** Informs other tabs. */
  broadcast: (change: SlotChange) => void;
}

/**
 * The login session of this tab: one of the users of this device, each in a slot with its own cookie. The access token
 * lives in memory only; the refresh token is a cookie that scripts cannot read.
 *
 * Refresh tokens rotate, and using one twice looks like theft: concurrent callers share one refresh request, and only
 * one tab at a time changes a slot's cookie. A tab changes its user only by choice: its own, or another tab's in the
 * same slot.
 */
export class Session {
  user: User | null = null;
  slot: number | null = null;
  #token: Token | null = null;
  #refreshing: { slot: number; token: Promise<Token> } | null = null;
  #people: AccountList | null = null;
  #onChange: (user: User | null) => void = () => {};
  #onPeople: (list: AccountList) => void = () => {};

  constructor(private readonly options: SessionOptions) {}

  /** Called with the user, if there is one already, and when they change, log out, or change their profile. */
  onChange(listener: (user: User | null) => void): void {
    this.#onChange = listener;
    if (this.user !== null) listener(this.user);
  }

  /** Called with the users of this device, if the server listed them already, and whenever it does. */
  onPeople(listener: (list: AccountList) => void): void {
    this.#onPeople = listener;
    if (this.#people !== null) listener(this.#people);
  }

  /**
   * Restores the session when a tab opens: the user in slot `returned`, or the remembered one, or, where none was ever
   * remembered, the first on this device. Throws when the server is not reachable.
   */
  async restore(returned: number | null = null): Promise<void> {
    const { memory } = this.options;
    const remembered = memory.recall();
    if (returned !== null && (await this.#resume(returned))) {
      memory.choose(returned);
      this.options.broadcast({ slot: returned, user: this.user });
    } else if (typeof remembered === 'number') {
      if (await this.#resume(remembered)) memory.keep(remembered);
      else memory.forget(remembered);
    } else {
      // For a new visitor this list is empty, whereas a refresh would fail with 401.
      const first = (await this.people()).accounts[0];
      if (remembered === null && first !== undefined) await ifKnown(this.activate(first.slot));
    }
  }

  /** The users who are logged in on this device. */
  async people(): Promise<AccountList> {
    const list = (await (await this.#request('me/accounts', {})).json()) as AccountList;
    this.#people = list;
    this.#onPeople(list);
    return list;
  }

  guest(body: GuestRequest, where: Slot = this.here()): Promise<User> {
    return this.#logIn('auth/guest', body, where);
  }

  /** A guest keeps their identity, except with slot `new`. */
  register(body: RegisterRequest, where: Slot = this.here()): Promise<User> {
    return this.#logIn('auth/register', body, where);
  }

  /** Replaces the user in this slot, except with slot `new`. */
  login(body: LoginRequest, where: Slot = this.here()): Promise<User> {
    return this.#logIn('auth/login', body, where);
  }

  /** Logs in the user whose other device shows the code, beside the users of this device. */
  loginWithCode(code: string): Promise<User> {
    const body: DeviceLoginRequest = { code };
    return this.#logIn('auth/device', body, 'new');
  }

  /** Chooses a new password by a link, and logs in with it, beside the users of this device. */
  choosePassword(body: NewPasswordRequest): Promise<User> {
    return this.#logIn('auth/password', body, 'new');
  }

  /** Switches to another user of this device. */
  async activate(slot: number): Promise<User> {
    const auth = await this.#ask(`me/accounts/${slot}/activate`, slot, {});
    this.options.memory.choose(auth.slot);
    this.#accept(auth);
    return auth.user;
  }

  /** The slot for a login: the current user's, if any. */
  here(): Slot {
    return this.slot ?? 'new';
  }

  /** Ends this session, or all sessions of the user. */
  async logout(everywhere = false): Promise<void> {
    const { slot } = this;
    if (slot === null) return;
    const path = everywhere ? 'auth/logout?everywhere=true' : 'auth/logout';
    const token = this.#token?.value;
    await this.#exclusively(slot, () => this.#request(path, { method: 'POST', slot, token }));
    this.#loggedOut(slot);
  }

  /** Ends the session of any user of this device. */
  async logoutOf(slot: number): Promise<void> {
    if (slot === this.slot) return this.logout();
    await this.#exclusively(slot, () => this.#request(`me/accounts/${slot}`, { method: 'DELETE' }));
    this.options.broadcast({ slot, user: null });
  }

  /** Deletes the user and their data. */
  async erase(): Promise<void> {
    const { value } = await this.token();
    const { slot } = this;
    await this.#request('me', { method: 'DELETE', token: value });
    if (slot !== null) this.#loggedOut(slot);
  }

  /** The profile of the current user has changed. */
  profileChanged(user: User): void {
    if (this.slot === null || this.user?.id !== user.id) return;
    this.#setUser(user, this.slot);
    this.options.broadcast({ slot: this.slot, user });
  }

  /** Another tab changed a slot. */
  slotChanged({ slot, user }: SlotChange): void {
    if (slot !== this.slot) return;
    if (user === null) this.forget();
    else if (user.id === this.user?.id) this.#setUser(user, slot);
    // Another user is in this slot now, and so in this tab. If this fails, the next token request notices.
    else this.refresh().catch(() => {});
  }

  /** A token that stays valid for a while. */
  async token(): Promise<Token> {
    const token = this.#token;
    return token !== null && token.expiresAtMs - this.options.nowMs() > MARGIN_MS ? token : this.refresh();
  }

  refresh(): Promise<Token> {
    const { slot } = this;
    if (slot === null) return Promise.reject(new Failure('unauthenticated'));
    if (this.#refreshing?.slot === slot) return this.#refreshing.token;
    const token = this.#refresh(slot).finally(() => {
      if (this.#refreshing?.token === token) this.#refreshing = null;
    });
    this.#refreshing = { slot, token };
    return token;
  }

  /** The server no longer accepts this tab's session. */
  forget(): void {
    if (this.slot !== null) this.options.memory.forget(this.slot);
    this.#token = null;
    this.#setUser(null, null);
  }

  async #refresh(slot: number): Promise<Token> {
    let auth: AuthResponse;
    try {
      auth = await this.#ask('auth/refresh', slot, {});
    } catch (error) {
      if (error instanceof Failure && error.code === 'unauthenticated' && this.slot === slot) this.forget();
      throw error;
    }
    // Callers who waited for the token take the new user's: a token is for the current user.
    return this.slot === slot ? this.#accept(auth) : this.token();
  }

  async #resume(slot: number): Promise<boolean> {
    const auth = await ifKnown(this.#ask('auth/refresh', slot, {}));
    if (auth === null) return false;
    this.#accept(auth);
    return true;
  }

  async #logIn(path: string, body: unknown, where: Slot): Promise<User> {
    // The token would identify the current user and turn the new login into them.
    const token = where === this.slot ? this.#token?.value : undefined;
    const auth = await this.#ask(path, where, { body, token });
    this.options.memory.choose(auth.slot);
    this.#accept(auth);
    this.options.broadcast({ slot: auth.slot, user: auth.user });
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
    this.#setUser(auth.user, auth.slot);
    return this.#token;
  }

  #loggedOut(slot: number): void {
    if (this.slot === slot) this.forget();
    this.options.broadcast({ slot, user: null });
  }

  #setUser(user: User | null, slot: number | null): void {
    // Every refresh returns the profile; an unchanged one is not reported.
    if (slot === this.slot && JSON.stringify(user) === JSON.stringify(this.user)) return;
    this.user = user;
    this.slot = slot;
    this.#onChange(user);
  }
}

/** `null` for a session that the server does not know. */
async function ifKnown<T>(answer: Promise<T>): Promise<T | null> {
  try {
    return await answer;
  } catch (error) {
    if (error instanceof Failure && error.code === 'unauthenticated') return null;
    throw error;
  }
}
