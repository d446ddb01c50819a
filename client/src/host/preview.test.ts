import { describe, expect, it } from 'vitest';
import { entry } from '../testing/fixtures';
import { compareOrders, isSameOrder } from './preview';

const order = (...ids: string[]) => ids.map((id) => entry(id, 'ana'));
const moves = (now: string[], then: string[]) =>
  compareOrders(order(...now), order(...then)).map(({ entry: { id }, ahead }) => `${id} ${ahead}`);

describe('preview', () => {
  it('shows what moves, and how far', () => {
    expect(moves(['a', 'b', 'c'], ['c', 'a', 'b'])).toEqual(['c 2', 'a -1', 'b -1']);
    expect(moves(['a', 'b'], ['a', 'b'])).toEqual(['a 0', 'b 0']);
  });

  it('has no previous place for entries that were not shown', () => {
    expect(moves(['a'], ['z', 'a'])).toEqual(['z null', 'a -1']);
  });

  it('detects an unchanged order', () => {
    expect(isSameOrder(order('a', 'b'), order('a', 'b'))).toBe(true);
    expect(isSameOrder(order('a', 'b'), order('b', 'a'))).toBe(false);
    expect(isSameOrder(order('a', 'b'), order('a'))).toBe(false);
  });
});
