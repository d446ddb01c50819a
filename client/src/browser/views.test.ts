import { describe, expect, it } from 'vitest';
import { goToView, type View, viewOf } from './views';

/** The parts of a browser's history that views use. */
function browser(start: string) {
  const entries: { state: unknown; hash: string }[] = [{ state: null, hash: start }];
  const history = {
    get state() {
      return entries.at(-1)!.state;
    },
    back: () => void entries.pop(),
    pushState: (state: unknown, _: string, hash?: string | URL | null) =>
      void entries.push({ state, hash: String(hash) }),
    replaceState: (state: unknown, _: string, hash?: string | URL | null) =>
      void entries.splice(-1, 1, { state, hash: String(hash) }),
  };
  const go = (to: View) => goToView(viewOf(entries.at(-1)!.hash), to, history);
  return { go, history, hashes: () => entries.map(({ hash }) => hash) };
}

describe('views of a room', () => {
  it('are named by the hash', () => {
    expect(viewOf('#add')).toBe('add');
    expect(viewOf('')).toBe('now');
    expect(viewOf('#elsewhere')).toBe('now');
  });

  it('lead back to the first view', () => {
    const { go, history, hashes } = browser('');
    go('add');
    go('next');
    go('room');
    expect(hashes()).toEqual(['', '#room']);
    history.back();
    expect(hashes()).toEqual(['']);
  });

  it('do not pile up in the history', () => {
    const { go, hashes } = browser('');
    for (const view of ['add', 'now', 'next', 'now'] as const) go(view);
    expect(hashes()).toEqual(['']);
  });

  it('work from a link to a view', () => {
    const { go, hashes } = browser('#add');
    go('now');
    go('room');
    expect(hashes()).toEqual(['#now', '#room']);
  });
});
