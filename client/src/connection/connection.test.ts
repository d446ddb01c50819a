import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { CloseCode, type Event as RoomEvent, type ServerFrame } from '$protocol';
import { Failure } from '../session/http';
import type { Token } from '../session/session';
import { FakeSocket } from '../testing/fake-socket';
import { room } from '../testing/fixtures';
import { Connection, findHindrance } from './connection';

const HEARTBEAT_MS = 10_000;
const LIFETIME_MS = 900_000;

let sockets: FakeSocket[];
let states: string[];
let frames: ServerFrame[];
let refreshes: number;
let user: string;
let takeovers: number;
let tokenFails: Failure | null;
/** What a plain request to the server throws; `null` when it is answered. */
let requestFails: Failure | null;
let connection: Connection;

const last = () => sockets.at(-1)!;
const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  sockets = [];
  states = [];
  frames = [];
  refreshes = 0;
  user = 'ana';
  takeovers = 0;
  tokenFails = null;
  requestFails = null;
  const token = async (): Promise<Token> => {
    if (tokenFails !== null) throw tokenFails;
    return { value: `token-${refreshes}`, expiresAtMs: performance.now() + LIFETIME_MS, user };
  };
  connection = new Connection({
    openSocket: () => {
      const socket = new FakeSocket();
      sockets.push(socket);
      return socket;
    },
    hello: () => ({ room: '7KM2QX', passcode: null, device: { id: 'd', name: 'D', kind: 'remote', providers: [] } }),
    token,
    refreshToken: () => {
      refreshes += 1;
      return token();
    },
    hindrance: () =>
      findHindrance(async () => {
        if (requestFails !== null) throw requestFails;
      }),
    nowMs: () => performance.now(),
    random: () => 1,
    onFrame: (frame) => frames.push(frame),
    onState: ({ name }) => states.push(name),
    onOtherUser: () => {
      takeovers += 1;
    },
  });
});

afterEach(() => {
  connection.stop();
  vi.useRealTimers();
});

function welcome(resumed = false): ServerFrame {
  const times = { server_time_ms: 0, heartbeat_ms: HEARTBEAT_MS, expires_at_ms: LIFETIME_MS };
  return { type: 'welcome', connection: 'c', member: 'ana', role: 'host', resumed, ...times };
}
const snapshot = (offset: number): ServerFrame => ({ type: 'snapshot', position: { epoch: 1, offset }, room: room() });
const event: RoomEvent = { name: 'member_left', member: 'ben' };
const delta = (offset: number, count = 1): ServerFrame => ({
  type: 'delta',
  position: { epoch: 1, offset },
  events: Array.from({ length: count }, () => event),
});
const heartbeat = (offset: number): ServerFrame => ({ type: 'heartbeat', offset, server_time_ms: 0 });

async function enter(offset = 5): Promise<void> {
  connection.start();
  await settle();
  last().opens();
  last().says(welcome());
  last().says(snapshot(offset));
}

async function comeBack(): Promise<void> {
  await vi.advanceTimersByTimeAsync(15_000);
  last().opens();
}

describe('connection', () => {
  it('says hello first, without a position, and is online once welcomed', async () => {
    connection.start();
    await settle();
    last().opens();
    expect(last().sent).toMatchObject([{ type: 'hello', token: 'token-0', room: '7KM2QX', resume: null }]);
    expect(connection.send({ type: 'sync', t0: 1 })).toBe(false);
    last().says(welcome());
    expect(states).toEqual(['online']);
    expect(connection.send({ type: 'sync', t0: 1 })).toBe(true);
  });

  it('sends nothing into a closing socket', async () => {
    await enter(5);
    const before = last().sent.length;
    last().isClosing();
    expect(connection.send({ type: 'sync', t0: 1 })).toBe(false);
    expect(last().sent).toHaveLength(before);
  });

  it('resumes from the last delta after the connection broke', async () => {
    await enter(5);
    last().says(delta(7, 2));
    last().dies(1006);
    expect(states).toEqual(['online', 'reconnecting']);
    await comeBack();
    expect(last().sent[0]).toMatchObject({ resume: { epoch: 1, offset: 7 } });
  });

  it('ignores duplicates, and requests a snapshot when a delta is missing', async () => {
    await enter(5);
    last().says(delta(5));
    expect(sockets).toHaveLength(1);
    last().says(delta(7));
    expect(frames.filter(({ type }) => type === 'delta')).toEqual([]);
    await comeBack();
    expect(last().sent[0]).toMatchObject({ resume: null });
  });

  it('detects a gap by the heartbeat, but waits for deltas in flight', async () => {
    await enter(5);
    last().says(heartbeat(6));
    last().says(delta(6));
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sockets).toHaveLength(1);
    last().says(heartbeat(7));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(states.at(-1)).toBe('reconnecting');
    await comeBack();
    expect(last().sent[0]).toMatchObject({ resume: null });
  });

  it('reconnects after two and a half heartbeats of silence', async () => {
    await enter();
    await vi.advanceTimersByTimeAsync(2.5 * HEARTBEAT_MS - 1);
    expect(states.at(-1)).toBe('online');
    await vi.advanceTimersByTimeAsync(1);
    expect(states.at(-1)).toBe('reconnecting');
    expect(sockets[0]!.closed).toBe(true);
  });

  it('expects a frame soon after waking up', async () => {
    await enter();
    connection.wake();
    await vi.advanceTimersByTimeAsync(1_500);
    expect(states.at(-1)).toBe('reconnecting');
  });

  it('backs off after every failure, and resets once the server has kept it', async () => {
    await enter();
    const waits: number[] = [];
    for (let round = 0; round < 7; round += 1) {
      const opened = sockets.length;
      const since = performance.now();
      last().dies(1006);
      while (sockets.length === opened) await vi.advanceTimersByTimeAsync(100);
      waits.push(performance.now() - since);
    }
    expect(waits).toEqual([500, 1_000, 2_000, 4_000, 8_000, 15_000, 15_000]);
    last().opens();
    last().says(welcome(true));
    last().says(heartbeat(5));
    const opened = sockets.length;
    last().dies(CloseCode.GoingAway);
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(opened + 1);
  });

  describe('when sockets do not open', () => {
    async function fails(times: number) {
      for (let round = 0; round < times; round += 1) {
        const before = sockets.length;
        last().dies(1006);
        while (sockets.length === before) await vi.advanceTimersByTimeAsync(100);
      }
    }

    it('says that something on the way blocks them if the server answers requests', async () => {
      connection.start();
      await settle();
      await fails(1);
      expect(connection.state).toEqual({ name: 'connecting' });
      await fails(1);
      expect(connection.state).toEqual({ name: 'connecting', obstacle: 'proxy' });
      last().opens();
      last().says(welcome());
      last().dies(1006);
      expect(connection.state).toEqual({ name: 'reconnecting' });
    });

    it.each([
      ['the server does not answer', new Failure('offline'), { obstacle: 'server' }],
      ['a proxy answers without the server', new Failure('unanswered', 502), { obstacle: 'upstream' }],
      ['the network has too many connections', new Failure('rate_limited', 429), { busy: CloseCode.NetworkBusy }],
      ['the server has too many connections', new Failure('unavailable', 503), { busy: CloseCode.TryLater }],
    ])('says that %s', async (_, failure, hindrance) => {
      requestFails = failure;
      connection.start();
      await settle();
      await fails(2);
      expect(connection.state).toEqual({ name: 'connecting', ...hindrance });
    });

    it.each([
      [new Failure('offline'), 'server'],
      [new Failure('unanswered', 502), 'upstream'],
    ])('counts sockets that stay silent, and tokens that cannot be fetched: %s', async (failure, obstacle) => {
      requestFails = tokenFails = failure;
      connection.start();
      await settle();
      tokenFails = null;
      while (sockets.length === 0) await vi.advanceTimersByTimeAsync(100);
      await vi.advanceTimersByTimeAsync(10_000);
      expect(connection.state).toEqual({ name: 'connecting', obstacle });
    });

    it('does not blame the way for a server that refuses tokens for now', async () => {
      tokenFails = new Failure('rate_limited', 429);
      connection.start();
      await vi.advanceTimersByTimeAsync(30_000);
      expect(connection.state).toEqual({ name: 'connecting' });
    });
  });

  it('tells of what there are too many until it is kept', async () => {
    connection.start();
    await settle();
    last().opens();
    last().dies(CloseCode.NetworkBusy);
    expect(connection.state).toEqual({ name: 'connecting', busy: CloseCode.NetworkBusy });
    while (sockets.length === 1) await vi.advanceTimersByTimeAsync(100);
    last().opens();
    last().says(welcome());
    last().dies(1006);
    expect(connection.state).toEqual({ name: 'reconnecting' });
  });

  it('retries every few seconds in the lobby, without backoff', async () => {
    connection.start();
    await settle();
    for (let look = 1; look <= 20; look += 1) {
      last().opens();
      last().dies(CloseCode.Waiting);
      await vi.advanceTimersByTimeAsync(2_999);
      expect(sockets).toHaveLength(look);
      await vi.advanceTimersByTimeAsync(2_001);
      expect(sockets).toHaveLength(look + 1);
    }
    expect(states).toEqual(['waiting']);
    last().opens();
    last().says(welcome());
    expect(states).toEqual(['waiting', 'online']);
  });

  it('retries at once when the waiting page becomes visible', async () => {
    connection.start();
    await settle();
    last().opens();
    last().dies(CloseCode.Waiting);
    connection.wake();
    await settle();
    expect(sockets).toHaveLength(2);
    expect(states).toEqual(['waiting']);
  });

  it('refreshes an expired token and returns at once', async () => {
    await enter();
    last().dies(CloseCode.TokenExpired);
    await settle();
    last().opens();
    expect(last().sent[0]).toMatchObject({ token: 'token-1', resume: { epoch: 1, offset: 5 } });
  });

  it('renews its token in-band before it expires, repeatedly', async () => {
    await enter();
    for (let renewal = 1; renewal <= 2; renewal += 1) {
      for (let beat = 0; beat < 84; beat += 1) {
        await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
        last().says(heartbeat(5));
      }
      expect(last().sent.at(-1)).toEqual({ type: 'refresh', token: `token-${renewal}` });
    }
    expect(sockets).toHaveLength(1);
  });

  it.each([CloseCode.Kicked, CloseCode.RoomClosed, CloseCode.PasscodeWrong, CloseCode.NotAdmitted])(
    'does not reconnect after %i',
    async (code) => {
      await enter();
      last().dies(code);
      await vi.advanceTimersByTimeAsync(60_000);
      expect(connection.state).toEqual({ name: 'closed', code });
      expect(sockets).toHaveLength(1);
    },
  );

  it.each([CloseCode.SessionRevoked, CloseCode.Unauthenticated])('tries a fresh token after %i, once', async (code) => {
    await enter();
    last().dies(code);
    await settle();
    last().opens();
    expect(last().sent[0]).toMatchObject({ token: 'token-1', resume: { epoch: 1, offset: 5 } });
    last().dies(code);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(connection.state).toEqual({ name: 'closed', code });
    expect(refreshes).toBe(1);
  });

  it('tries a fresh token again once the server has kept it for a while', async () => {
    await enter();
    for (let round = 1; round <= 3; round += 1) {
      last().dies(CloseCode.SessionRevoked);
      await settle();
      last().opens();
      last().says(welcome(true));
      last().says(heartbeat(5));
      expect(refreshes).toBe(round);
    }
  });

  it('reports an ended session when there is no fresh token', async () => {
    await enter();
    tokenFails = new Failure('unauthenticated');
    last().dies(CloseCode.SessionRevoked);
    await settle();
    expect(connection.state).toEqual({ name: 'closed', code: CloseCode.SessionRevoked });
  });

  it('still requires a fresh token after one could not be fetched', async () => {
    await enter();
    tokenFails = new Failure('offline');
    last().dies(CloseCode.SessionRevoked);
    await settle();
    tokenFails = null;
    await comeBack();
    expect(refreshes).toBe(2);
    expect(last().sent[0]).toMatchObject({ token: 'token-2' });
  });

  it('switches to the slot’s current user, without a position in the room', async () => {
    await enter();
    user = 'ben';
    last().dies(CloseCode.SessionRevoked);
    await settle();
    last().opens();
    expect(last().sent[0]).toMatchObject({ resume: null });
    expect(takeovers).toBe(1);
    connection.switchUser('ben');
    await settle();
    expect(sockets).toHaveLength(2);
  });

  it('switches to another user at once', async () => {
    await enter();
    user = 'ben';
    connection.switchUser('ben');
    await settle();
    expect(sockets[0]!.closed).toBe(true);
    expect(connection.send({ type: 'sync', t0: 1 })).toBe(false);
    last().opens();
    last().says(welcome());
    expect(states).toEqual(['online', 'switching', 'online']);
    expect(takeovers).toBe(1);
  });

  it('switches to another user when the network is back', async () => {
    await enter();
    connection.setNetwork(false);
    user = 'ben';
    connection.switchUser('ben');
    await settle();
    expect(sockets).toHaveLength(1);
    connection.setNetwork(true);
    await settle();
    last().opens();
    expect(last().sent[0]).toMatchObject({ resume: null });
    expect(takeovers).toBe(1);
  });

  it('reconnects for another user instead of renewing in-band', async () => {
    await enter();
    user = 'ben';
    for (let beat = 0; beat < 84; beat += 1) {
      await vi.advanceTimersByTimeAsync(HEARTBEAT_MS);
      last().says(heartbeat(5));
    }
    expect(sockets).toHaveLength(2);
    expect(sockets[0]!.sent.filter(({ type }) => type === 'refresh')).toEqual([]);
  });

  it('closes when the session is unknown', async () => {
    tokenFails = new Failure('unauthenticated');
    connection.start();
    await settle();
    expect(connection.state).toEqual({ name: 'closed', code: CloseCode.Unauthenticated });
  });

  it('keeps retrying while the token cannot be fetched', async () => {
    tokenFails = new Failure('offline');
    connection.start();
    await settle();
    tokenFails = null;
    await vi.advanceTimersByTimeAsync(500);
    expect(sockets).toHaveLength(1);
  });

  it('waits while offline and reconnects with the network', async () => {
    await enter();
    connection.setNetwork(false);
    expect(states.at(-1)).toBe('offline');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(sockets).toHaveLength(1);
    connection.setNetwork(true);
    await settle();
    expect(sockets).toHaveLength(2);
  });
});
