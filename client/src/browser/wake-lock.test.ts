import { beforeEach, describe, expect, it } from 'vitest';
import { stayAwake, type WakeLockHost } from './wake-lock';

interface Lock {
  released: boolean;
  release: () => Promise<void>;
}

let page: EventTarget & { visibilityState: DocumentVisibilityState };
let locks: Lock[];
let refuses: boolean;
let host: WakeLockHost;

function becomes(visibilityState: DocumentVisibilityState): void {
  page.visibilityState = visibilityState;
  if (visibilityState === 'hidden') for (const lock of locks) lock.released = true;
  page.dispatchEvent(new Event('visibilitychange'));
}
const held = () => locks.filter(({ released }) => !released).length;
const settle = () =>
  new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(() => queueMicrotask(resolve))));

beforeEach(() => {
  page = Object.assign(new EventTarget(), { visibilityState: 'visible' as const });
  locks = [];
  refuses = false;
  const request = async () => {
    if (refuses) throw new Error('low battery');
    const lock: Lock = {
      released: false,
      release: async () => {
        lock.released = true;
      },
    };
    locks.push(lock);
    return lock as unknown as WakeLockSentinel;
  };
  host = { page: page as unknown as WakeLockHost['page'], wakeLock: { request } };
});

describe('wake lock', () => {
  it('is held while the page is visible, and again when it returns', async () => {
    const letGo = stayAwake(host);
    await settle();
    expect(held()).toBe(1);
    becomes('hidden');
    await settle();
    expect(held()).toBe(0);
    becomes('visible');
    await settle();
    expect(held()).toBe(1);
    letGo();
    expect(held()).toBe(0);
    becomes('hidden');
    becomes('visible');
    await settle();
    expect(held()).toBe(0);
  });

  it('is requested once however often the page becomes visible', async () => {
    stayAwake(host);
    becomes('visible');
    await settle();
    becomes('visible');
    await settle();
    expect(locks).toHaveLength(1);
  });

  it('is released when the page was left before it was granted', async () => {
    stayAwake(host)();
    await settle();
    expect(held()).toBe(0);
  });

  it('is optional where it is refused or not supported', async () => {
    refuses = true;
    stayAwake(host)();
    stayAwake({ ...host, wakeLock: undefined })();
    refuses = false;
    stayAwake(host);
    await settle();
    expect(held()).toBe(1);
  });
});
