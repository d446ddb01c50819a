import { expect, it } from 'vitest';
import { coverSet, coverUrl } from './cover';

it('covers of the server are asked for in the size that is shown, those of other sites as they are', () => {
  const own = '/api/v1/library/tracks/a/art';
  expect(coverUrl(own, 1000)).toBe(`${own}?size=1000`);
  const sizes = [96, 320, 640, 1000].map((edge) => `${own}?size=${edge} ${edge}w`);
  expect(coverSet(own)).toBe(sizes.join(', '));
  const other = 'https://i.scdn.co/image/a';
  expect([coverUrl(other, 96), coverSet(other)]).toEqual([other, undefined]);
});
