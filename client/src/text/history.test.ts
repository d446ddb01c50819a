import { describe, expect, it } from 'vitest';
import type { Played } from '$protocol';
import { track } from '../testing/fixtures';
import { endedWords, forWhomWords, startedWords } from './history';

const played = (change: Partial<Played>): Played => ({
  entry: 'a',
  member: 'ana',
  track: track('a'),
  started_at_ms: 0,
  played_ms: 180_000,
  reason: 'finished',
  ...change,
});
const nameOf = (id: string) => id.toUpperCase();

describe('history texts', () => {
  it('say how a track ended', () => {
    expect(endedWords(played({}), nameOf)).toBe('');
    expect(endedWords(played({ reason: 'skipped', by: 'ben' }), nameOf)).toBe('skipped by BEN');
    expect(endedWords(played({ reason: 'skipped' }), nameOf)).toBe('skipped');
    expect(endedWords(played({ reason: 'voted_out' }), nameOf)).toBe('voted out');
    expect(endedWords(played({ reason: 'unplayable' }), nameOf)).toBe('could not be played');
  });

  it('say for whom and when', () => {
    expect(forWhomWords(played({}), nameOf)).toBe('for ANA');
    expect(forWhomWords(played({ member: null }), nameOf)).toBe('');
    expect(startedWords(played({}), 20_000)).toBe('a moment ago');
    expect(startedWords(played({}), 200_000)).toBe('3 minutes ago');
  });
});
