import { beforeEach, describe, expect, it } from 'vitest';
import type { BrowseItem, BrowseResponse } from '$protocol';
import type { Place } from '../session/api';
import { Failure } from '../session/http';
import { track } from '../testing/fixtures';
import { CatalogueBrowser } from './catalogue-browser';

interface Request {
  place: Place;
  cursor: string | null;
  signal: AbortSignal;
  answer: (response: BrowseResponse) => void;
  fail: (error: unknown) => void;
}

let requests: Request[];
let changes: number;
let browser: CatalogueBrowser;

beforeEach(() => {
  requests = [];
  changes = 0;
  browser = new CatalogueBrowser(
    (place, cursor, signal) =>
      new Promise((answer, fail) => {
        requests.push({ place, cursor, signal, answer, fail });
      }),
    () => {
      changes += 1;
    },
  );
});

const item = (name: string, kind: BrowseItem['kind'] = 'artist'): BrowseItem => ({ kind, id: name, name, tracks: 1 });
const page = (items: BrowseItem[], tracks: string[] = [], next_cursor: string | null = null): BrowseResponse => ({
  items,
  tracks: tracks.map((id) => track(id)),
  next_cursor,
});
const names = () => browser.current?.items.map(({ name }) => name);
const ids = () => browser.current?.tracks.map(({ id }) => id);

async function listArtists(): Promise<void> {
  const opened = browser.open('artists');
  requests.at(-1)!.answer(page([item('Ana'), item('Ben')]));
  await opened;
}

describe('browsing a catalogue', () => {
  it('leads from a list into a group and back, without asking again', async () => {
    await listArtists();
    expect(names()).toEqual(['Ana', 'Ben']);
    const entered = browser.enter(item('Ana'));
    expect([browser.current?.loading, names()]).toEqual([true, []]);
    requests[1]!.answer(page([], ['a', 'b']));
    await entered;
    expect([requests[1]!.place, ids()]).toEqual([{ item: item('Ana') }, ['a', 'b']]);
    browser.back();
    expect([names(), requests.length]).toEqual([['Ana', 'Ben'], 2]);
    browser.back();
    expect(browser.current).toBeNull();
  });

  it('drops the answer about a place that was left', async () => {
    await listArtists();
    const entered = browser.enter(item('Ana'));
    browser.back();
    expect(requests[1]!.signal.aborted).toBe(true);
    requests[1]!.answer(page([], ['a']));
    await entered;
    expect(names()).toEqual(['Ana', 'Ben']);
  });

  it('starts again at another list', async () => {
    await listArtists();
    const opened = browser.open('genres');
    requests[1]!.answer(page([item('Rock', 'genre')]));
    await opened;
    expect([names(), browser.levels.length]).toEqual([['Rock'], 1]);
    browser.close();
    expect(browser.current).toBeNull();
  });

  it('loads further pages, and all of them to add everything', async () => {
    const opened = browser.open('recent');
    requests[0]!.answer(page([], ['a'], 'one'));
    await opened;
    const all = browser.allTracks();
    expect(requests[1]).toMatchObject({ place: { list: 'recent' }, cursor: 'one' });
    requests[1]!.answer(page([], ['b'], 'two'));
    await Promise.resolve();
    await Promise.resolve();
    await Promise.resolve();
    requests[2]!.answer(page([], ['c']));
    expect((await all)?.map(({ id }) => id)).toEqual(['a', 'b', 'c']);
    await browser.loadMore();
    expect(requests).toHaveLength(3);
  });

  it('keeps what is loaded when a page fails, and tries that page again', async () => {
    const opened = browser.open('recent');
    requests[0]!.answer(page([], ['a'], 'one'));
    await opened;
    const all = browser.allTracks();
    requests[1]!.fail(new Failure('offline'));
    expect(await all).toBeNull();
    expect([ids(), browser.current?.failure?.code]).toEqual([['a'], 'offline']);
    const more = browser.loadMore();
    requests[2]!.answer(page([], ['b']));
    await more;
    expect([requests[2]!.cursor, ids(), browser.current?.failure]).toEqual(['one', ['a', 'b'], null]);
  });

  it('tells its owner of every change', async () => {
    await listArtists();
    expect(changes).toBe(3);
  });
});
