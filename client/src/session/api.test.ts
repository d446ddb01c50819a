import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthResponse, Problem } from '$protocol';
import { exclusiveLock } from '../browser/exclusive-lock';
import { fakeMemory, person } from '../testing/fake-device';
import { Api } from './api';
import { Session } from './session';
import { SlotMemory } from './slot-memory';

interface Call {
  path: string;
  token: string | undefined;
}

let calls: Call[];
let tokens: number;
/** The server's answers by path; `undefined`: server not reachable. */
let answers: Record<string, (call: Call) => Response | undefined>;
let session: Session;
let api: Api;

const ok = (body: unknown) => Response.json(body);
const problem = (status: number, code: string, more: Partial<Problem> = {}) =>
  Response.json({ code, detail: 'For programs.', status, ...more }, { status });
const auth = (id = 'ana'): AuthResponse => ({
  access_token: `token-${++tokens}`,
  expires_in: 600,
  user: person(id),
  slot: 0,
});
const paths = () => calls.map(({ path }) => path);

beforeEach(() => {
  calls = [];
  tokens = 0;
  answers = { 'auth/refresh': () => ok(auth()), 'auth/guest': () => ok(auth()), 'me/rooms': () => ok({ rooms: [] }) };
  const fetch = async (url: string, init: RequestInit) => {
    const authorization = new Headers(init.headers).get('authorization');
    const call = { path: url.replace('/api/v1/', ''), token: authorization?.replace('Bearer ', '') };
    calls.push(call);
    const answer = answers[call.path]?.(call);
    if (answer === undefined) throw new TypeError('network');
    return answer;
  };
  session = new Session({
    fetch,
    nowMs: () => 0,
    memory: new SlotMemory(fakeMemory(), fakeMemory()),
    exclusively: exclusiveLock(undefined),
    broadcast: () => {},
  });
  api = new Api(fetch, session);
});

describe('api', () => {
  it('retries with a fresh token when one is rejected', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['me/rooms'] = ({ token }) => (token === 'token-2' ? ok({ rooms: [] }) : problem(401, 'forbidden'));
    await expect(api.myRooms()).resolves.toEqual({ rooms: [] });
    expect(calls.map(({ token }) => token)).toEqual([undefined, 'token-1', undefined, 'token-2']);
  });

  it('retries only once', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['me/rooms'] = () => problem(401, 'forbidden');
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(paths()).toEqual(['auth/guest', 'me/rooms', 'auth/refresh', 'me/rooms']);
  });

  it('does not act for another user who entered the slot meanwhile', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['auth/refresh'] = () => ok(auth('ben'));
    answers.me = () => problem(401, 'forbidden');
    await expect(api.updateMe({ display_name: 'Anna' })).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(paths()).toEqual(['auth/guest', 'me', 'auth/refresh']);
    expect(session.user?.id).toBe('ben');
  });

  it('reports failures with the contract’s codes', async () => {
    await session.guest({ display_name: 'Ana' });
    const values = { provider: 'spotify' };
    answers['me/rooms'] = () => problem(429, 'rate_limited', { reason: 'provider_busy', values });
    await expect(api.myRooms()).rejects.toMatchObject({
      code: 'rate_limited',
      status: 429,
      reason: 'provider_busy',
      values,
    });
    const busy = Response.json({}, { status: 429, headers: { 'Retry-After': '12' } });
    answers['me/rooms'] = () => busy;
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 12_000 });
    answers['me/rooms'] = () => new Response('<html>', { status: 502 });
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'unanswered' });
  });

  it('shows a room without login', async () => {
    answers['rooms/7KM2QX'] = () => ok({ code: '7KM2QX' });
    await api.room('7KM2QX');
    expect(calls).toEqual([{ path: 'rooms/7KM2QX', token: undefined }]);
  });
});
