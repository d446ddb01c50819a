import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { exclusiveLock } from './exclusive-lock';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

function slow(log: string[], name: string, ms: number): () => Promise<string> {
  return async () => {
    log.push(`${name} begins`);
    await new Promise((resolve) => setTimeout(resolve, ms));
    log.push(`${name} ends`);
    return name;
  };
}

/** `navigator.locks` as far as it is used here: first come, first served; a request aborted in time gets no lock. */
function fakeLocks(): Pick<LockManager, 'request'> {
  let last: Promise<unknown> = Promise.resolve();
  const request = (_: string, { signal }: LockOptions, work: () => Promise<unknown>) => {
    const before = last;
    const given = new Promise<void>((resolve, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
      before.then(() => resolve(), resolve);
    });
    const result = given.then(work);
    last = before.then(() => result).catch(() => {});
    return result;
  };
  return { request } as Pick<LockManager, 'request'>;
}

describe.each([
  ['in one page', () => exclusiveLock(undefined)],
  ['across tabs', () => exclusiveLock(fakeLocks())],
])('exclusive work %s', (_, make) => {
  it('runs work in turn, and each caller gets its own result', async () => {
    const log: string[] = [];
    const exclusively = make();
    const both = Promise.all([exclusively('slot', slow(log, 'a', 50)), exclusively('slot', slow(log, 'b', 10))]);
    await vi.runAllTimersAsync();
    await expect(both).resolves.toEqual(['a', 'b']);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends']);
  });

  it('continues after a failure, which only its own caller sees', async () => {
    const exclusively = make();
    const failing = exclusively('slot', () => Promise.reject(new Error('no')));
    const next = exclusively('slot', async () => 'yes');
    await expect(failing).rejects.toThrow('no');
    await expect(next).resolves.toBe('yes');
  });

  it('does not wait for ever for a holder that never finishes', async () => {
    const log: string[] = [];
    const exclusively = make();
    void exclusively('slot', slow(log, 'stuck', 3_600_000));
    void exclusively('slot', slow(log, 'b', 10));
    await vi.advanceTimersByTimeAsync(9_999);
    expect(log).toEqual(['stuck begins']);
    await vi.advanceTimersByTimeAsync(11);
    expect(log).toEqual(['stuck begins', 'b begins', 'b ends']);
  });
});

it('runs work of different names concurrently', async () => {
  const log: string[] = [];
  const exclusively = exclusiveLock(undefined);
  void exclusively('one', slow(log, 'a', 50));
  void exclusively('other', slow(log, 'b', 10));
  await vi.runAllTimersAsync();
  expect(log).toEqual(['a begins', 'b begins', 'b ends', 'a ends']);
});
