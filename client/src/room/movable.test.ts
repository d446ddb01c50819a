import { describe, expect, it } from 'vitest';
import type { Entry } from '$protocol';
import { entry } from '../testing/fixtures';
import { movable } from './movable';

const order = ['a', 'b', 'c'].map((id) => entry(id, 'ana'));
const locked: Entry[] = [
  { ...order[0]!, place: { position: 1, reason: 'locked', turn: 1, behind: [], airtime_ms: 0 } },
  ...order.slice(1),
];

describe('an order', () => {
  it('can be changed everywhere', () => {
    expect(movable(order, 3)).toEqual({ first: 0, last: 2 });
  });

  it('keeps an entry in place that is about to start', () => {
    expect(movable(locked, 3)).toEqual({ first: 1, last: 2 });
  });

  it('has no known end while entries are not shown', () => {
    expect(movable(order, 40)).toEqual({ first: 0, last: 1 });
  });
});
