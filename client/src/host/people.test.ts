import { describe, expect, it } from 'vitest';
import type { DevicePresence } from '$protocol';
import { entry, member, room, settings } from '../testing/fixtures';
import { findPeople, kickNeedsConfirmation, readWeight, waitingOf, weightOf } from './people';

const cohost = member('ben', 'cohost');
const player = member('cai');

describe('people in the console', () => {
  it('are found by any part of their name, ignoring case', () => {
    const people = [
      { ...member('a'), name: 'Ana Lima' },
      { ...member('b'), name: 'Ben' },
    ];
    expect(findPeople(people, ' lim AN ').map(({ id }) => id)).toEqual(['a']);
    expect(findPeople(people, '')).toHaveLength(2);
  });

  it('have a weight', () => {
    const weighted = room({ settings: settings({ weights: { ben: 200 } }) });
    expect([weightOf(weighted, 'ben'), weightOf(weighted, 'ana')]).toEqual([200, 100]);
    expect(['10', ' 250 ', '1000'].map(readWeight)).toEqual([10, 250, 1000]);
    expect(['', '9', '1001', '12.5', 'x'].map(readWeight)).toEqual([null, null, null, null, null]);
  });

  it('are removed without confirmation unless more goes with them', () => {
    const remote: DevicePresence = { id: 'd', name: 'Phone', kind: 'remote', playback: null };
    const playback = { entry: null, position_ms: 0, at_ms: 0, error_ms: 0, state: 'paused' } as const;
    expect(kickNeedsConfirmation(player, [remote])).toBe(false);
    expect(kickNeedsConfirmation(player, [remote, { ...remote, playback }])).toBe(true);
    expect(kickNeedsConfirmation(cohost, [])).toBe(true);
  });

  it('have waiting entries', () => {
    const full = room({ upcoming: [entry('a', 'ana', 60_000), entry('b', 'ben'), entry('c', 'ana', 30_000)] });
    expect(waitingOf(full, 'ana')).toEqual({ count: 2, ms: 90_000 });
  });
});
