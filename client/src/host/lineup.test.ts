import { describe, expect, it } from 'vitest';
import type { Entry } from '$protocol';
import { entry } from '../testing/fixtures';
import { lineupMove, movable } from './lineup';

const order = ['a', 'b', 'c'].map((id) => entry(id, 'ana'));
const locked: Entry[] = [
  { ...order[0]!, place: { position: 1, reason: 'locked', turn: 1, behind: [], airtime_ms: 0 } },
  ...order.slice(1),
];

describe('the host’s order', () => {
  it('is sent as the entry to move before', () => {
    expect(lineupMove(order, 3, 2, 0)).toEqual({ entry: 'c', before: 'a' });
    expect(lineupMove(order, 3, 0, 1)).toEqual({ entry: 'a', before: 'c' });
    expect(lineupMove(order, 3, 0, 2)).toEqual({ entry: 'a', before: null });
  });

  it('has no moves that change nothing or leave it', () => {
    expect([lineupMove(order, 3, 1, 1), lineupMove(order, 3, 0, -1), lineupMove(order, 3, 2, 3)]).toEqual([
      null,
      null,
      null,
    ]);
    expect(lineupMove(order, 3, 7, 0)).toBeNull();
  });

  it('does not move an entry that is about to start', () => {
    expect(lineupMove(locked, 3, 1, 0)).toBeNull();
    expect(lineupMove(locked, 3, 0, 2)).toBeNull();
    expect(lineupMove(locked, 3, 2, 1)).toEqual({ entry: 'c', before: 'b' });
  });

  it('does not move to the end while the end is not shown', () => {
    expect(movable(order, 40)).toEqual({ first: 0, last: 1 });
    expect(lineupMove(order, 40, 0, 2)).toBeNull();
    expect(lineupMove(order, 40, 2, 0)).toEqual({ entry: 'c', before: 'a' });
  });
});
