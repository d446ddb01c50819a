import { describe, expect, it } from 'vitest';
import type { Member, Room } from '$protocol';
import { member, room, settings } from '../testing/fixtures';
import { placeInLine, waitsBecause } from './queue-state';

const waits = (change: Partial<Member>, more: Partial<Room> = {}) =>
  waitsBecause(room({ members: [{ ...member('ana'), ...change }], ...more }), 'ana');

describe('state of a queue', () => {
  it('takes part unless something excludes it', () => {
    expect(waits({})).toBeNull();
    expect(waits({ paused: true })).toBe('paused');
    expect(waits({ away: true })).toBe('away');
    expect(waits({ role: 'listener' })).toBe('role');
    expect(waits({ role: 'listener' }, { settings: settings({ suggestions: true }) })).toBeNull();
    expect(waits({ exceptions: { queue: false } })).toBe('role');
  });

  it('waits for its turn where the number of players is limited', () => {
    const of = (line: string[]) => room({ settings: settings({ players_max: 2 }), line });
    expect(placeInLine(room(), 'ana')).toBeNull();
    expect(placeInLine(of(['ben']), 'ana')).toBeNull();
    expect(placeInLine(of(['ben', 'ana']), 'ana')).toBe(0);
    expect(placeInLine(of(['ben', 'cleo', 'dora', 'ana']), 'ana')).toBe(2);
    expect(waitsBecause(of(['ben', 'cleo', 'ana']), 'ana')).toBe('line');
    expect(waitsBecause(of(['ben', 'ana']), 'ana')).toBeNull();
  });
});
