import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ScreenStatus } from '$protocol';
import type { Memory } from '../browser/storage';
import { Failure } from './http';
import { type Pairing, ScreenPairing } from './screen-pairing';

/** A television, and what the server says about its codes. */
class Television {
  readonly shown: Pairing[] = [];
  readonly status = new Map<string, ScreenStatus>();
  unreachable = false;
  #kept = new Map<string, string>();
  #made = 0;
  #pairing = this.#open();

  get now(): Pairing | undefined {
    return this.shown.at(-1);
  }

  async start(): Promise<void> {
    this.#pairing.start();
    await vi.advanceTimersByTimeAsync(0);
  }

  async reload(): Promise<void> {
    this.#pairing.stop();
    this.#pairing = this.#open();
    await this.start();
  }

  async removed(): Promise<void> {
    this.#pairing.forget();
    await vi.advanceTimersByTimeAsync(0);
  }

  #open(): ScreenPairing {
    const memory: Memory = {
      recall: (key) => this.#kept.get(key) ?? null,
      remember: (key, value) => {
        if (value === null) this.#kept.delete(key);
        else this.#kept.set(key, value);
      },
    };
    return new ScreenPairing({
      memory,
      nowMs: Date.now,
      make: async () => {
        if (this.unreachable) throw new Failure('offline');
        this.#made += 1;
        const code = `CODE-000${this.#made}`;
        this.status.set(code, { state: 'waiting' });
        return { id: `s${this.#made}`, token: `token ${this.#made}`, code, expires_in: 300 };
      },
      look: async (token, code) => {
        if (this.unreachable) throw new Failure('offline');
        const status = this.status.get(code);
        if (status === undefined || token.at(-1) !== code.at(-1)) throw new Failure('not_found');
        return status;
      },
      onChange: (pairing) => this.shown.push(pairing),
    });
  }
}

const passes = (ms: number) => vi.advanceTimersByTimeAsync(ms);

describe('a screen without a room', () => {
  let screen: Television;
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000 });
    screen = new Television();
  });
  afterEach(() => vi.useRealTimers());

  it('shows a code until a member approves it, and then the room, also after a reload', async () => {
    await screen.start();
    expect(screen.now).toEqual({ name: 'waiting', code: 'CODE-0001', endsAtMs: 301_000 });
    await passes(4_000);
    screen.status.set('CODE-0001', { state: 'approved', room: '7KM2QX' });
    await passes(2_000);
    const paired = { name: 'paired', token: 'token 1', room: '7KM2QX' };
    expect(screen.now).toEqual(paired);
    await screen.reload();
    expect(screen.now).toEqual(paired);
  });

  it('keeps its code through a reload, and replaces one that has expired or that the server does not know', async () => {
    await screen.start();
    await screen.reload();
    expect(screen.now).toMatchObject({ code: 'CODE-0001' });
    screen.status.set('CODE-0001', { state: 'expired' });
    await passes(2_000);
    expect(screen.now).toMatchObject({ name: 'waiting', code: 'CODE-0002' });
    screen.status.clear();
    await screen.reload();
    expect(screen.now).toMatchObject({ name: 'waiting', code: 'CODE-0003' });
  });

  it('shows another code when it was removed from its room', async () => {
    await screen.start();
    screen.status.set('CODE-0001', { state: 'approved', room: '7KM2QX' });
    await passes(2_000);
    await screen.removed();
    expect(screen.now).toMatchObject({ name: 'waiting', code: 'CODE-0002' });
  });

  it('tries again by itself while the server is away, and goes on with its code', async () => {
    screen.unreachable = true;
    await screen.start();
    expect(screen.now).toEqual({ name: 'asking', failure: 'offline' });
    screen.unreachable = false;
    await passes(5_000);
    expect(screen.now).toMatchObject({ code: 'CODE-0001' });
    screen.unreachable = true;
    await passes(60_000);
    screen.unreachable = false;
    await passes(5_000);
    expect(screen.now).toMatchObject({ name: 'waiting', code: 'CODE-0001' });
  });
});
