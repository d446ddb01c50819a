import {
  type ClientFrame,
  CloseCode,
  type Hello,
  type Position,
  type ServerFrame,
  SUBPROTOCOL,
  type UserId,
} from '$protocol';
import { Failure } from '../session/http';
import type { Token } from '../session/session';
import { backoffMs } from '../util/backoff';

/**
 * One device's membership connection to one room, across any number of sockets: hello and resume, backoff, watchdog,
 * gap detection and token renewal. It knows nothing about frames except positions.
 */

/**
 * Why sockets do not open. `server`: nothing answers. `upstream`: a proxy answers, and the server behind it does not.
 * `proxy`: the server answers, but something on the way lets no WebSocket through.
 */
export type Obstacle = 'server' | 'upstream' | 'proxy';

/** What keeps a connection from succeeding. `busy`: the close code of a server that has no place for now. */
export interface Hindrance {
  busy?: number;
  obstacle?: Obstacle;
}

/** What hinders sockets, by a plain request to the server. */
export async function findHindrance(request: () => Promise<unknown>): Promise<Hindrance> {
  try {
    await request();
    return { obstacle: 'proxy' };
  } catch (error) {
    const code = error instanceof Failure ? error.code : 'offline';
    if (code === 'offline') return { obstacle: 'server' };
    if (code === 'unanswered') return { obstacle: 'upstream' };
    // With too many connections of one network, the server refuses every further one.
    return { busy: code === 'rate_limited' ? CloseCode.NetworkBusy : CloseCode.TryLater };
  }
}

export type ConnectionState =
  /** Not connected yet. */
  | ({ name: 'connecting' } & Hindrance)
  | { name: 'online' }
  | ({ name: 'reconnecting' } & Hindrance)
  /** In the lobby, until a host decides. */
  | { name: 'waiting' }
  /** On purpose: another user of this device takes over. */
  | { name: 'switching' }
  | { name: 'offline' }
  | { name: 'closed'; code: number };

/** The part of WebSocket used here, replaceable in tests. */
export interface Socket {
  readonly readyState: number;
  onopen: ((event: Event) => void) | null;
  onmessage: ((event: MessageEvent) => void) | null;
  onclose: ((event: CloseEvent) => void) | null;
  send(text: string): void;
  close(code?: number): void;
}

export interface ConnectionOptions {
  openSocket: (subprotocol: string) => Socket;
  hello: () => Omit<Hello, 'token' | 'resume'>;
  token: () => Promise<Token>;
  refreshToken: () => Promise<Token>;
  /** Finds out why sockets do not open. */
  hindrance: () => Promise<Hindrance>;
  nowMs: () => number;
  random: () => number;
  onFrame: (frame: ServerFrame) => void;
  onState: (state: ConnectionState) => void;
  /** Another user speaks from here on: unsent commands were not theirs. */
  onOtherUser: () => void;
}

export type Welcome = Extract<ServerFrame, { type: 'welcome' }>;

/** `WebSocket.OPEN`. */
const OPEN = 1;
/** From opening a socket to `welcome`. */
const WELCOME_WAIT_MS = 10_000;
/** From waking up to the first frame. */
const WAKE_WAIT_MS = 1_500;
/** Without any frame for this many heartbeats the connection is dead, whatever the socket reports. */
const SILENCE_HEARTBEATS = 2.5;
/** Deltas up to the position in a heartbeat may still be in flight behind it. */
const GAP_GRACE_MS = 1_000;
/** A token is renewed this long before it expires, or halfway through a shorter lifetime. */
const RENEW_AHEAD_MS = 60_000;
/** Backoff steps skipped when the server is overloaded. */
const OVERLOAD_ATTEMPTS = 4;
/** After this many sockets in a row that did not open, the page finds out why. */
const UNOPENED_MAX = 2;
/** Close codes that say what there are too many of. */
const BUSY: ReadonlySet<number> = new Set([
  CloseCode.TryLater,
  CloseCode.NetworkBusy,
  CloseCode.RoomFull,
  CloseCode.LobbyFull,
]);
/** Retry interval in the lobby: short enough to feel immediate, randomized so that a crowd does not return at once. */
const LOBBY_MS_MIN = 3_000;
const LOBBY_MS_MAX = 5_000;
const TIMER_MS_MAX = 2 ** 31 - 1;

type Timer = ReturnType<typeof setTimeout>;

export class Connection {
  state: ConnectionState = { name: 'connecting' };
  #socket: Socket | null = null;
  #position: Position | null = null;
  /** The user of the connection; `null` before the first token. */
  #user: UserId | null = null;
  /** Why the current token is useless: the next one has to be fresh. */
  #refused: number | null = null;
  /** Since the server last kept us, a fresh token replaced one that it rejected. */
  #triedFresh = false;
  #heartbeatMs = 0;
  #attempt = 0;
  /** The code of the last close, if it was one of `BUSY`, or what a refused socket would have been closed with. */
  #busy: number | null = null;
  /** The current socket is open. */
  #opened = false;
  /** Sockets in a row that did not open. */
  #unopened = 0;
  #obstacle: Obstacle | null = null;
  #networkUp = true;
  #everOnline = false;
  #retry: Timer | undefined;
  #watchdog: Timer | undefined;
  #gap: Timer | undefined;
  #renewal: Timer | undefined;
  /** Lets a pending answer detect that the connection has moved on meanwhile. */
  #generation = 0;

  constructor(private readonly options: ConnectionOptions) {}

  start(): void {
    void this.#open();
  }

  /** Switches to another user of this device at once. Does nothing for the current user. */
  switchUser(user: UserId): void {
    if (user === this.#user || this.#user === null || this.state.name === 'closed' || !this.#networkUp) return;
    this.#dropSocket();
    clearTimeout(this.#retry);
    this.#attempt = 0;
    this.#setState({ name: 'switching' });
    this.start();
  }

  /** Closes permanently. */
  stop(): void {
    this.#dropSocket();
    clearTimeout(this.#retry);
  }

  /** True when the frame was handed to the socket; the command queue handles frames lost on the way. */
  send(frame: ClientFrame): boolean {
    // The server may have closed the socket already; `onclose` follows.
    if (this.state.name !== 'online' || this.#socket?.readyState !== OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  /** The known room cannot be continued: reconnects for a snapshot. */
  resync(): void {
    this.#position = null;
    this.#reconnect();
  }

  /**
   * The browser reports the network state: retrying is pointless while offline, and worthwhile at once when back
   * online.
   */
  setNetwork(up: boolean): void {
    if (up === this.#networkUp) return;
    this.#networkUp = up;
    if (this.state.name === 'closed') return;
    if (up) {
      this.#attempt = 0;
      this.#scheduleRetry(0);
    } else {
      this.#dropSocket();
      clearTimeout(this.#retry);
      this.#setState({ name: 'offline' });
    }
  }

  /** After a sleep the socket may be dead without knowing. The caller sends a probe; an answer must arrive soon. */
  wake(): void {
    if (this.state.name === 'online') this.#setWatchdog(WAKE_WAIT_MS);
    else if (this.state.name === 'reconnecting') this.#scheduleRetry(0);
    else if (this.state.name === 'waiting' && this.#socket === null) this.#scheduleStart(0);
  }

  async #open(): Promise<void> {
    const generation = ++this.#generation;
    let token: Token;
    try {
      token = await (this.#refused === null ? this.options.token() : this.options.refreshToken());
    } catch (error) {
      if (generation !== this.#generation) return;
      const failure = error instanceof Failure ? error.code : null;
      if (failure === 'unauthenticated') this.#close(this.#refused ?? CloseCode.Unauthenticated);
      else if (failure === 'offline' || failure === 'unanswered') this.#notOpened();
      else this.#reconnect();
      return;
    }
    if (generation !== this.#generation) return;
    this.#refused = null;
    this.#takeOver(token.user);

    const socket = this.options.openSocket(SUBPROTOCOL);
    this.#socket = socket;
    this.#setWatchdog(WELCOME_WAIT_MS);
    this.#opened = false;
    socket.onopen = () => {
      this.#opened = true;
      this.#unopened = 0;
      this.#obstacle = null;
      const resume = this.#position;
      const hello: ClientFrame = { type: 'hello', ...this.options.hello(), token: token.value, resume };
      socket.send(JSON.stringify(hello));
    };
    socket.onmessage = ({ data }) => this.#receive(JSON.parse(String(data)) as ServerFrame);
    socket.onclose = ({ code }) => (this.#opened ? this.#closed(code) : this.#notOpened());
  }

  /** A refused upgrade has no close code; a request tells more. */
  #notOpened(): void {
    this.#reconnect();
    this.#unopened += 1;
    if (this.#unopened < UNOPENED_MAX) return;
    void this.options.hindrance().then(({ busy = null, obstacle = null }) => {
      if (this.#unopened < UNOPENED_MAX || !this.#isTrying) return;
      this.#busy = busy;
      this.#obstacle = obstacle;
      this.#setState(this.#trying());
    });
  }

  #takeOver(user: UserId): void {
    const other = this.#user !== null && this.#user !== user;
    this.#user = user;
    if (!other) return;
    this.#position = null;
    this.options.onOtherUser();
  }

  #receive(frame: ServerFrame): void {
    if (this.#heartbeatMs > 0) this.#setWatchdog(this.#heartbeatMs * SILENCE_HEARTBEATS);
    switch (frame.type) {
      case 'welcome':
        this.#welcomed(frame);
        break;
      case 'snapshot':
        this.#position = frame.position;
        break;
      case 'delta': {
        const { epoch, offset } = this.#position ?? { epoch: -1, offset: -1 };
        if (frame.position.epoch === epoch && frame.position.offset <= offset) return;
        const continues = frame.position.epoch === epoch && frame.position.offset - frame.events.length === offset;
        if (!continues) {
          this.resync();
          return;
        }
        this.#position = frame.position;
        break;
      }
      case 'heartbeat':
        // A heartbeat proves that the server keeps us; a `welcome` alone does not.
        this.#attempt = 0;
        this.#triedFresh = false;
        this.#watchForGap(frame.offset);
        break;
    }
    this.options.onFrame(frame);
  }

  #welcomed(frame: Welcome): void {
    this.#heartbeatMs = frame.heartbeat_ms;
    this.#everOnline = true;
    this.#busy = null;
    if (!frame.resumed) this.#position = null;
    this.#setWatchdog(this.#heartbeatMs * SILENCE_HEARTBEATS);
    this.#scheduleRenewal(frame.expires_at_ms - frame.server_time_ms);
    this.#setState({ name: 'online' });
  }

  #watchForGap(topOffset: number): void {
    clearTimeout(this.#gap);
    if (this.#position === null || this.#position.offset >= topOffset) return;
    this.#gap = setTimeout(() => {
      if (this.#position !== null && this.#position.offset < topOffset) this.resync();
    }, GAP_GRACE_MS);
  }

  #scheduleRenewal(lifetimeMs: number): void {
    clearTimeout(this.#renewal);
    const delayMs = Math.max(lifetimeMs / 2, lifetimeMs - RENEW_AHEAD_MS);
    this.#renewal = setTimeout(() => void this.#renew(), Math.min(Math.max(delayMs, 0), TIMER_MS_MAX));
  }

  async #renew(): Promise<void> {
    const generation = this.#generation;
    // If renewal fails the server closes with 4003 in time, and reconnecting starts with a refresh.
    const token = await this.options.refreshToken().catch(() => null);
    if (token === null || generation !== this.#generation) return;
    if (token.user !== this.#user) this.switchUser(token.user);
    else if (this.send({ type: 'refresh', token: token.value }))
      this.#scheduleRenewal(token.expiresAtMs - this.options.nowMs());
  }

  #closed(code: number): void {
    const unknown = code === CloseCode.SessionRevoked || code === CloseCode.Unauthenticated;
    if (unknown && !this.#triedFresh) {
      // The session may have been replaced rather than ended, by another login in this slot.
      this.#triedFresh = true;
      this.#returnWithFreshToken(code);
    } else if (code >= 4500 && code < 5000) this.#close(code);
    else if (code === CloseCode.Waiting) this.#waitInLobby();
    else if (code === CloseCode.TokenExpired) this.#returnWithFreshToken(code);
    else {
      this.#busy = BUSY.has(code) ? code : null;
      if (this.#busy !== null) this.#attempt = Math.max(this.#attempt, OVERLOAD_ATTEMPTS);
      this.#reconnect();
    }
  }

  #returnWithFreshToken(code: number): void {
    this.#refused = code;
    this.#dropSocket();
    this.#setState({ name: 'reconnecting' });
    this.#attempt += 1;
    this.start();
  }

  #close(code: number): void {
    this.#dropSocket();
    this.#setState({ name: 'closed', code });
  }

  #reconnect(): void {
    this.#dropSocket();
    if (!this.#networkUp) return;
    this.#scheduleRetry(backoffMs(this.#attempt, this.options.random));
    this.#attempt += 1;
  }

  /** Not an error: waits in the lobby without backoff. */
  #waitInLobby(): void {
    this.#dropSocket();
    this.#attempt = 0;
    this.#setState({ name: 'waiting' });
    this.#scheduleStart(LOBBY_MS_MIN + this.options.random() * (LOBBY_MS_MAX - LOBBY_MS_MIN));
  }

  #scheduleStart(delayMs: number): void {
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.start(), delayMs);
  }

  #scheduleRetry(delayMs: number): void {
    this.#setState(this.#trying());
    this.#scheduleStart(delayMs);
  }

  get #isTrying(): boolean {
    return this.state.name === 'connecting' || this.state.name === 'reconnecting';
  }

  #trying(): ConnectionState {
    const busy = this.#busy === null ? {} : { busy: this.#busy };
    const obstacle = this.#obstacle === null ? {} : { obstacle: this.#obstacle };
    return { name: this.#everOnline ? 'reconnecting' : 'connecting', ...busy, ...obstacle };
  }

  #setWatchdog(ms: number): void {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => (this.#opened ? this.#reconnect() : this.#notOpened()), ms);
  }

  /** Drops the socket and ignores whatever it still delivers. */
  #dropSocket(): void {
    this.#generation += 1;
    clearTimeout(this.#watchdog);
    clearTimeout(this.#gap);
    clearTimeout(this.#renewal);
    this.#heartbeatMs = 0;
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = null;
    socket.onmessage = null;
    socket.onclose = null;
    socket.close(1000);
  }

  #setState(state: ConnectionState): void {
    const hindranceOf = (of: ConnectionState) => `${'busy' in of && of.busy} ${'obstacle' in of && of.obstacle}`;
    const unchanged =
      state.name === this.state.name && hindranceOf(state) === hindranceOf(this.state) && state.name !== 'closed';
    this.state = state;
    if (!unchanged) this.options.onState(state);
  }
}
