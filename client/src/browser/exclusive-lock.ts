/**
 * Runs `work` while no other work of the same name runs: in all tabs of this browser where `navigator.locks` exists
 * (secure contexts only), otherwise in this page.
 */
export type ExclusiveLock = <T>(name: string, work: () => Promise<T>) => Promise<T>;

/** The holder may be a frozen tab or wait for a dead connection. After this wait the work runs anyway. */
const WAIT_MS_MAX = 10_000;

export function exclusiveLock(locks: Pick<LockManager, 'request'> | undefined): ExclusiveLock {
  return locks === undefined ? inThisPage() : acrossTabs(locks);
}

function acrossTabs(locks: Pick<LockManager, 'request'>): ExclusiveLock {
  return async <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const patience = new AbortController();
    const timer = setTimeout(() => patience.abort(), WAIT_MS_MAX);
    let begun = false;
    try {
      return await locks.request(name, { signal: patience.signal }, () => {
        begun = true;
        clearTimeout(timer);
        return work();
      });
    } catch (error) {
      if (begun) throw error;
      return work();
    } finally {
      clearTimeout(timer);
    }
  };
}

function inThisPage(): ExclusiveLock {
  const last = new Map<string, Promise<unknown>>();
  return <T>(name: string, work: () => Promise<T>): Promise<T> => {
    const result = settledOrLate(last.get(name)).then(work);
    last.set(name, result);
    const done = () => {
      if (last.get(name) === result) last.delete(name);
    };
    result.then(done, done);
    return result;
  };
}

function settledOrLate(before: Promise<unknown> | undefined): Promise<void> {
  return new Promise((resolve) => {
    if (before === undefined) return resolve();
    const timer = setTimeout(resolve, WAIT_MS_MAX);
    const settled = () => {
      clearTimeout(timer);
      resolve();
    };
    before.then(settled, settled);
  });
}
