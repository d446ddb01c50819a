import { beforeEach, describe, expect, it } from 'vitest';
import type { AuthResponse, User } from '$protocol';
import { Api } from './api';
import { Failure } from './http';
import { Session } from './session';

const ana: User = { id: 'ana', kind: 'guest', display_name: 'Ana', spotify: false };

interface Call {
  path: string;
  token: string | undefined;
}

let calls: Call[];
let nowMs: number;
let tokens: number;
/** What the server answers, by path; `undefined`: an unreachable server. */
let answers: Record<string, (call: Call) => Response | undefined>;
let session: Session;
let api: Api;

const ok = (body: unknown) => Response.json(body);
const problem = (status: number, code: string, detail = '') => Response.json({ code, detail, status }, { status });
const auth = (): AuthResponse => ({ access_token: `token-${++tokens}`, expires_in: 600, user: ana, slot: 0 });
const paths = () => calls.map(({ path }) => path);

beforeEach(() => {
  calls = [];
  nowMs = 0;
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
  session = new Session(fetch, () => nowMs);
  api = new Api(fetch, session);
});

describe('session', () => {
  it('knows who came back, by the cookie', async () => {
    await expect(session.restore()).resolves.toEqual(ana);
  });

  it('takes a stranger for a stranger, not for an error', async () => {
    answers['auth/refresh'] = () => problem(401, 'forbidden');
    await expect(session.restore()).resolves.toBeNull();
  });

  it('tells an unreachable server from a stranger', async () => {
    answers['auth/refresh'] = () => undefined;
    await expect(session.restore()).rejects.toMatchObject({ code: 'offline' });
  });

  it('refreshes once however many ask', async () => {
    await session.guest({ display_name: 'Ana' });
    nowMs = 590_000;
    const both = await Promise.all([session.token(), session.token()]);
    expect(both.map(({ value }) => value)).toEqual(['token-2', 'token-2']);
    expect(paths()).toEqual(['auth/guest', 'auth/refresh']);
  });

  it('forgets who it was when the server does', async () => {
    const seen: (User | null)[] = [];
    session.onChange((user) => seen.push(user));
    await session.guest({ display_name: 'Ana' });
    answers['auth/refresh'] = () => problem(401, 'forbidden');
    await expect(session.refresh()).rejects.toBeInstanceOf(Failure);
    expect(seen).toEqual([ana, null]);
  });
});

describe('api', () => {
  it('asks again with a fresh token when one is refused', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['me/rooms'] = ({ token }) => (token === 'token-2' ? ok({ rooms: [] }) : problem(401, 'forbidden'));
    await expect(api.myRooms()).resolves.toEqual({ rooms: [] });
    expect(calls.map(({ token }) => token)).toEqual([undefined, 'token-1', undefined, 'token-2']);
  });

  it('asks again only once', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['me/rooms'] = () => problem(401, 'forbidden');
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'unauthenticated' });
    expect(paths()).toEqual(['auth/guest', 'me/rooms', 'auth/refresh', 'me/rooms']);
  });

  it('says in the contract’s words what went wrong', async () => {
    await session.guest({ display_name: 'Ana' });
    answers['me/rooms'] = () => problem(429, 'rate_limited', 'Slow down.');
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'rate_limited', detail: 'Slow down.', status: 429 });
    const busy = Response.json({}, { status: 429, headers: { 'Retry-After': '12' } });
    answers['me/rooms'] = () => busy;
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'rate_limited', retryAfterMs: 12_000 });
    answers['me/rooms'] = () => new Response('<html>', { status: 502 });
    await expect(api.myRooms()).rejects.toMatchObject({ code: 'unavailable' });
  });

  it('shows a room to strangers without a token', async () => {
    answers['rooms/7KM2QX'] = () => ok({ code: '7KM2QX' });
    await api.room('7KM2QX');
    expect(calls).toEqual([{ path: 'rooms/7KM2QX', token: undefined }]);
  });
});
