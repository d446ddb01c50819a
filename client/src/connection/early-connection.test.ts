import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { ClientFrame, ServerFrame } from '$protocol';
import type { Token } from '../session/session';
import { FakeSocket } from '../testing/fake-socket';
import { room } from '../testing/fixtures';
import { Connection } from './connection';
import { EarlyConnection, type Receiver } from './early-connection';

const CODE = '7KM2QX';
const welcome: ServerFrame = {
  type: 'welcome',
  connection: 'c',
  member: 'ana',
  role: 'listener',
  resumed: false,
  server_time_ms: 0,
  heartbeat_ms: 10_000,
  expires_at_ms: 900_000,
};
const snapshot: ServerFrame = { type: 'snapshot', position: { epoch: 1, offset: 4 }, room: room() };

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

function helloAs(id: string): Receiver['hello'] {
  return () => ({ room: CODE, passcode: null, device: { id, name: 'D', kind: 'remote', providers: [] } });
}

/** A connection before its page, with its socket, and what was seen ahead. */
async function early() {
  const sockets: FakeSocket[] = [];
  const ahead: string[] = [];
  const token = async (): Promise<Token> => ({ value: 'token', expiresAtMs: 900_000, user: 'ana' });
  let nowMs = 0;
  const connect = ({ hello, onFrame, onState, onOtherUser }: Receiver) =>
    new Connection({
      openSocket: () => {
        const socket = new FakeSocket();
        sockets.push(socket);
        return socket;
      },
      hello,
      token,
      refreshToken: token,
      hindrance: async () => ({}),
      nowMs: () => nowMs,
      random: () => 1,
      onFrame: (frame) => onFrame(frame, ++nowMs),
      onState,
      onOtherUser,
    });
  const started = new EarlyConnection(connect, helloAs('before'), ({ type }) => ahead.push(type));
  await settle();
  return { started, sockets, ahead };
}

/** A page that writes down what it gets. */
function page() {
  const seen: unknown[] = [];
  const receiver: Receiver = {
    hello: helloAs('page'),
    onFrame: ({ type }, atMs) => seen.push([type, atMs]),
    onState: ({ name }) => seen.push(name),
    onOtherUser: () => seen.push('other user'),
  };
  return { seen, receiver };
}

const devicesIn = (frames: ClientFrame[]) => frames.flatMap((frame) => (frame.type === 'hello' ? frame.device.id : []));

it('gives the page what arrived before, with the times, and what arrives after', async () => {
  const { started, sockets, ahead } = await early();
  sockets[0]!.opens();
  sockets[0]!.says(welcome);
  sockets[0]!.says(snapshot);
  expect(devicesIn(sockets[0]!.sent)).toEqual(['before']);
  expect(ahead).toEqual(['welcome', 'snapshot']);
  const { seen, receiver } = page();
  started.give(receiver);
  expect(seen).toEqual(['online', ['welcome', 1], ['snapshot', 2]]);
  sockets[0]!.says({ type: 'heartbeat', offset: 4, server_time_ms: 0 });
  expect(seen.at(-1)).toEqual(['heartbeat', 3]);
  expect(ahead).toHaveLength(2);
  started.connection.stop();
});

it('tells the page that comes later that the room is closed to it', async () => {
  const { started, sockets } = await early();
  sockets[0]!.opens();
  sockets[0]!.dies(4500);
  const { seen, receiver } = page();
  started.give(receiver);
  expect(seen).toEqual(['closed']);
});

it('introduces the page when it reconnects', async () => {
  const { started, sockets } = await early();
  started.give(page().receiver);
  started.connection.setNetwork(false);
  started.connection.setNetwork(true);
  await settle();
  sockets.at(-1)!.opens();
  expect(devicesIn(sockets.at(-1)!.sent)).toEqual(['page']);
  started.connection.stop();
});
