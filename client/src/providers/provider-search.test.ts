import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SearchResponse } from '$protocol';
import { Failure } from '../session/http';
import { track } from '../testing/fixtures';
import { ProviderSearch } from './provider-search';

interface Request {
  query: string;
  cursor: string | null;
  signal: AbortSignal;
  answer: (response: SearchResponse) => void;
  fail: (error: unknown) => void;
}

let requests: Request[];
let changes: number;

beforeEach(() => {
  vi.useFakeTimers();
  requests = [];
  changes = 0;
});
afterEach(() => vi.useRealTimers());

function searchOf(provider: 'library' | 'spotify'): ProviderSearch {
  return new ProviderSearch(
    provider,
    (query, cursor, signal) =>
      new Promise((answer, fail) => {
        requests.push({ query, cursor, signal, answer, fail });
      }),
    () => {
      changes += 1;
    },
  );
}

const page = (ids: string[], next_cursor: string | null = null): SearchResponse => ({
  tracks: ids.map((id) => track(id)),
  next_cursor,
});
const settle = () => vi.advanceTimersByTimeAsync(0);
const ids = ({ results }: ProviderSearch) => results.tracks.map(({ id }) => id);

describe('search of a provider', () => {
  it('lists the library at once, and waits for a pause while the user types', async () => {
    const search = searchOf('library');
    search.search('');
    await settle();
    requests[0]!.answer(page(['a']));
    await settle();
    expect([ids(search), search.results.query]).toEqual([['a'], '']);
    search.search('n');
    await vi.advanceTimersByTimeAsync(100);
    search.search('no');
    await vi.advanceTimersByTimeAsync(149);
    expect(requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(requests.map(({ query }) => query)).toEqual(['', 'no']);
    expect(search.results).toMatchObject({ query: '', loading: true });
  });

  it('asks a remote provider only from two characters on, and after a longer pause', async () => {
    const search = searchOf('spotify');
    search.search('n');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(requests).toEqual([]);
    search.search('no');
    await vi.advanceTimersByTimeAsync(449);
    expect(requests).toEqual([]);
    await vi.advanceTimersByTimeAsync(1);
    requests[0]!.answer(page(['a']));
    await settle();
    expect(ids(search)).toEqual(['a']);
    search.search('n');
    expect(search.results).toMatchObject({ tracks: [], query: null, cursor: null });
  });

  it('drops the answer to an older query', async () => {
    const search = searchOf('library');
    search.search('');
    await settle();
    search.search('new');
    await vi.advanceTimersByTimeAsync(150);
    expect(requests[0]!.signal.aborted).toBe(true);
    requests[1]!.answer(page(['new']));
    requests[0]!.answer(page(['old']));
    await settle();
    expect([ids(search), search.results.query, search.results.loading]).toEqual([['new'], 'new', false]);
  });

  it('appends further pages until the last', async () => {
    const search = searchOf('library');
    search.search('');
    await settle();
    requests[0]!.answer(page(['a', 'b'], 'next'));
    await settle();
    search.loadMore();
    expect(requests[1]).toMatchObject({ query: '', cursor: 'next' });
    requests[1]!.answer(page(['c']));
    await settle();
    expect(ids(search)).toEqual(['a', 'b', 'c']);
    search.loadMore();
    expect(requests).toHaveLength(2);
  });

  it('shows no tracks of another query when a search fails, and keeps earlier pages when a further one fails', async () => {
    const search = searchOf('library');
    search.search('');
    await settle();
    requests[0]!.answer(page(['a'], 'next'));
    await settle();
    search.loadMore();
    requests[1]!.fail(new Failure('offline'));
    await settle();
    expect(ids(search)).toEqual(['a']);
    expect(search.results).toMatchObject({ cursor: 'next', loading: false, failure: { code: 'offline' } });
    search.search('x');
    await vi.advanceTimersByTimeAsync(150);
    requests[2]!.fail(new Failure('offline'));
    await settle();
    expect(search.results).toMatchObject({ tracks: [], cursor: null, failure: { code: 'offline' } });
    search.search('y');
    await vi.advanceTimersByTimeAsync(150);
    requests[3]!.answer(page(['y']));
    await settle();
    expect(search.results).toMatchObject({ query: 'y', failure: null });
  });

  it('asks no more where neither the user nor the host has an account', async () => {
    for (const close of [
      ({ fail }: Request) => fail(new Failure('forbidden')),
      ({ answer }: Request) => answer({ ...page([]), closed: true }),
    ]) {
      requests = [];
      const search = searchOf('spotify');
      search.search('no');
      await vi.advanceTimersByTimeAsync(450);
      close(requests[0]!);
      await settle();
      expect(search.results.closed).toBe(true);
      search.search('now');
      await vi.advanceTimersByTimeAsync(450);
      expect(requests).toHaveLength(1);
    }
  });

  it('changes nothing after it was stopped', async () => {
    const search = searchOf('library');
    search.search('');
    await settle();
    const before = changes;
    search.stop();
    requests[0]!.answer(page(['a']));
    await settle();
    expect([ids(search), changes]).toEqual([[], before]);
  });
});
