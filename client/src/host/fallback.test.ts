import { expect, test } from 'vitest';
import { track } from '../testing/fixtures';
import { numbered } from './fallback';

test('the places of a playlist have ids of their own, though a track may be in it twice', () => {
  const ids = numbered(['a', 'b', 'a'].map((id) => track(id))).map(({ id }) => id);
  expect(new Set(ids).size).toBe(3);
  // Those of other tracks stay when one leaves.
  expect(numbered(['b', 'a'].map((id) => track(id))).map(({ id }) => id)).toEqual([ids[1], ids[0]]);
});
