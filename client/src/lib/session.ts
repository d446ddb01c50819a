import type { AuthResponse, GuestRequest, LoginRequest, RegisterRequest, User } from '$protocol';
import { Failure, type Fetch, request } from './http';

/** A token is replaced this long before it runs out, so that none runs out on its way to the server. */
const MARGIN_MS = 30_000;

export interface Token {
  value: string;
  /** On the clock that the session was given. */
  expiresAtMs: number;
}

/**
 * Who this browser speaks for. The access token lives in memory only; the refresh token is a cookie that scripts cannot
 * read. However many callers need a fresh token at once, one request is made: refresh tokens rotate, and using one twice
 * looks like theft.
 */
export class Session {
  user: User | null = null;
  #token: Token | null = null;
  #refreshing: Promise<Token> | null = null;
  #onChange: (user: User | null) => void = () => {};

  constructor(
    private readonly fetch: Fetch,
    private readonly nowMs: () => number,
  ) {}

  onChange(listener: (user: User | null) => void): void {
    this.#onChange = listener;
  }

  /** Finds out whether this browser is known, from its cookie. Throws when the server cannot be reached. */
  async restore(): Promise<User | null> {
    try {
      await this.refresh();
    } catch (error) {
      if (!(error instanceof Failure && error.code === 'unauthenticated')) throw error;
    }
    return this.user;
  }

  guest(body: GuestRequest): Promise<User> {
    return this.#enter('auth/guest', body);
  }

  register(body: RegisterRequest): Promise<User> {
    return this.#enter('auth/register', body);
  }

  login(body: LoginRequest): Promise<User> {
    return this.#enter('auth/login', body);
  }

  async logout(): Promise<void> {
    await request(this.fetch, 'auth/logout', { method: 'POST', token: this.#token?.value });
    this.forget();
  }

  renamed(user: User): void {
    this.user = user;
    this.#onChange(user);
  }

  /** A token that is valid for a while yet. */
  async token(): Promise<Token> {
    const token = this.#token;
    return token !== null && token.expiresAtMs - this.nowMs() > MARGIN_MS ? token : this.refresh();
  }

  refresh(): Promise<Token> {
    this.#refreshing ??= this.#rotate().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #rotate(): Promise<Token> {
    try {
      const response = await request(this.fetch, 'auth/refresh', { method: 'POST' });
      return this.#accept((await response.json()) as AuthResponse);
    } catch (error) {
      if (error instanceof Failure && error.code === 'unauthenticated') this.forget();
      throw error;
    }
  }

  async #enter(path: string, body: unknown): Promise<User> {
    const response = await request(this.fetch, path, { method: 'POST', body, token: this.#token?.value });
    const auth = (await response.json()) as AuthResponse;
    this.#accept(auth);
    return auth.user;
  }

  #accept(auth: AuthResponse): Token {
    this.#token = { value: auth.access_token, expiresAtMs: this.nowMs() + auth.expires_in * 1000 };
    this.user = auth.user;
    this.#onChange(auth.user);
    return this.#token;
  }

  /** The server no longer takes this browser for who it was. */
  forget(): void {
    this.#token = null;
    this.user = null;
    this.#onChange(null);
  }
}
