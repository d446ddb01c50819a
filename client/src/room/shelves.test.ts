import { expect, test } from 'vitest';
import type { Played } from '$protocol';
import { track } from '../testing/fixtures';
import { onShelf, type Shelf } from './shelves';

const HOUR_MS = 3_600_000;
const NOW_MS = 100 * HOUR_MS;

/** Latest first. */
const history = (
  [
    ['a', 'ana', 0],
    ['b', 'ben', 1],
    ['a', 'ben', 2],
    ['c', null, 3],
    ['d', 'ben', 13],
  ] as const
).map(
  ([id, member, hoursAgo], index): Played => ({
    entry: `e${index}`,
    member,
    track: track(id),
    started_at_ms: NOW_MS - hoursAgo * HOUR_MS,
    played_ms: 1_000,
    reason: 'finished',
  }),
);
const shelf = (name: Shelf, me: string | null) => onShelf(name, history, me, NOW_MS).map(({ id }) => id);

test('tonight are the last twelve hours, each track once where it was played last', () => {
  expect(shelf('tonight', 'ana')).toEqual(['a', 'b', 'c']);
});

test('a member finds what they added, however long ago', () => {
  expect(shelf('yours', 'ben')).toEqual(['b', 'a', 'd']);
  expect(shelf('yours', null)).toEqual([]);
});
