import { describe, expect, it } from 'vitest';
import type { Member, Room } from '$protocol';
import { entry, member, room, settings } from '../testing/fixtures';
import { permissionsOf } from './permissions';
import { mayReorder, minds, placeInLine, waitsBecause } from './queue-state';

const waits = (change: Partial<Member>, more: Partial<Room> = {}) =>
  waitsBecause(room({ members: [{ ...member('ana'), ...change }], ...more }), 'ana');

describe('the state of a queue', () => {
  it('takes part unless something keeps it out', () => {
    expect(waits({})).toBeNull();
    expect(waits({ paused: true })).toBe('paused');
    expect(waits({ away: true })).toBe('away');
    expect(waits({ role: 'listener' })).toBe('role');
    expect(waits({ role: 'listener' }, { settings: settings({ suggestions: true }) })).toBeNull();
    expect(waits({ exceptions: { queue: false } })).toBe('role');
  });

  it('waits for its turn where only so many play', () => {
    const of = (line: string[]) => room({ settings: settings({ players_max: 2 }), line });
    expect(placeInLine(room(), 'ana')).toBeNull();
    expect(placeInLine(of(['ben']), 'ana')).toBeNull();
    expect(placeInLine(of(['ben', 'ana']), 'ana')).toBe(0);
    expect(placeInLine(of(['ben', 'cleo', 'dora', 'ana']), 'ana')).toBe(2);
    expect(waitsBecause(of(['ben', 'cleo', 'ana']), 'ana')).toBe('line');
    expect(waitsBecause(of(['ben', 'ana']), 'ana')).toBeNull();
  });

  it('makes a difference to those who wait in line, or may have to', () => {
    const of = (line: string[], change: Partial<Room> = {}) =>
      room({ settings: settings({ players_max: 1 }), line, ...change });
    expect(minds(room(), 'ben', true)).toBe(false);
    expect(minds(of(['ana', 'ben']), 'ben', false)).toBe(true);
    expect(minds(of(['ana']), 'ben', true)).toBe(true);
    expect(minds(of(['ana']), 'ben', false)).toBe(false);
    expect(minds(of(['ben'], { upcoming: [entry('b', 'ben')] }), 'ben', true)).toBe(false);
  });

  it('is put in order by its owner where that makes a difference', () => {
    const may = (role: Member['role'], policy: 'fair' | 'votes' | 'host') => {
      const set = settings({ policy });
      return mayReorder(room({ settings: set }), permissionsOf(member('ana', role), set));
    };
    expect([may('player', 'fair'), may('player', 'votes'), may('player', 'host')]).toEqual([true, false, false]);
    expect([may('listener', 'fair'), may('host', 'host')]).toEqual([false, true]);
  });
});
