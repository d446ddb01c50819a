import { expect, it } from 'vitest';
import { coverSet, coverUrl } from './cover';

it('covers of the server are asked for in the size that is shown, those of other sites as they are', () => {
  const own = '/api/v1/library/tracks/a/art';
  expect(coverUrl(own, 1000)).toBe(`${own}?size=1000`);
  expect(coverSet(own)).toBe(`${own}?size=96 96w, ${own}?size=320 320w, ${own}?size=1000 1000w`);
  const other = 'https://i.scdn.co/image/a';
  expect([coverUrl(other, 96), coverSet(other)]).toEqual([other, undefined]);
});
