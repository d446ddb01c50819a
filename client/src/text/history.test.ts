import { describe, expect, it } from 'vitest';
import type { Played } from '$protocol';
import { track } from '../testing/fixtures';
import { endedText, queuedForText, startedText } from './history';

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
    expect(endedText(played({}), nameOf)).toBe('');
    expect(endedText(played({ reason: 'skipped', by: 'ben' }), nameOf)).toBe('skipped by BEN');
    expect(endedText(played({ reason: 'skipped' }), nameOf)).toBe('skipped');
    expect(endedText(played({ reason: 'voted_out' }), nameOf)).toBe('voted out');
    expect(endedText(played({ reason: 'unplayable' }), nameOf)).toBe('could not be played');
  });

  it('say for whom and when', () => {
    expect(queuedForText(played({}), nameOf)).toBe('for ANA');
    expect(queuedForText(played({ member: null }), nameOf)).toBe('');
    expect(startedText(played({}), 20_000)).toBe('a moment ago');
    expect(startedText(played({}), 200_000)).toBe('3 minutes ago');
  });
});
