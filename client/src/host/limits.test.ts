import { describe, expect, it } from 'vitest';
import { settings } from '../testing/fixtures';
import { changeOf, problemsOf, readLimit, shownLimit } from './limits';

describe('limits', () => {
  it('are shown in readable units', () => {
    expect(shownLimit('track_ms_max', 450_000)).toBe('7.5');
    expect(shownLimit('track_ms_max', 100_000)).toBe('1.67');
    expect(shownLimit('minimum_charge_ms', 30_000)).toBe('30');
    expect(shownLimit('entries_per_member_max', 0)).toBe('0');
  });

  it('are parsed as typed', () => {
    expect(readLimit('track_ms_max', ' 7.5 ')).toEqual({ value: 450_000 });
    expect(readLimit('track_ms_max', '7,5')).toEqual({ value: 450_000 });
    expect(readLimit('players_max', '')).toEqual({ value: 0 });
    for (const typed of ['many', '-1', '1e3', '1.2.3', 'Infinity']) {
      expect(readLimit('players_max', typed)).toEqual({ problem: 'not_a_number' });
    }
    expect(readLimit('players_max', '2.5')).toEqual({ problem: 'not_whole' });
    expect(readLimit('vote_skip_share', '101')).toEqual({ problem: 'too_much' });
  });

  it('change only what differs', () => {
    const now = settings({ track_ms_max: 100_000, players_max: 4 });
    expect(changeOf(now, { track_ms_max: '1.67', players_max: '4', step_down_after: '2' })).toEqual({
      step_down_after: 2,
    });
    expect(changeOf(now, { players_max: '' })).toEqual({ players_max: 0 });
    expect(changeOf(now, { players_max: 'x' })).toEqual({});
  });

  it('are consistent: the maximum charge is not below the minimum', () => {
    expect(problemsOf(settings(), { debt_max_ms: '0.25' })).toEqual({ debt_max_ms: 'below_charge' });
    expect(problemsOf(settings(), { debt_max_ms: '0' })).toEqual({});
    expect(problemsOf(settings({ debt_max_ms: 60_000 }), { minimum_charge_ms: '90' })).toEqual({
      debt_max_ms: 'below_charge',
    });
    expect(problemsOf(settings(), { players_max: 'x' })).toEqual({ players_max: 'not_a_number' });
  });
});
