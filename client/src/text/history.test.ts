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
    const ended = (change: Partial<Played>) => endedText(played({ played_ms: 61_000, ...change }), 'me', nameOf);
    expect(ended({})).toBe('');
    expect(ended({ reason: 'skipped', by: 'ben' })).toBe('skipped by BEN (1:01)');
    expect(ended({ reason: 'skipped', by: 'me' })).toBe('skipped by you (1:01)');
    expect(ended({ reason: 'skipped' })).toBe('skipped (1:01)');
    expect(ended({ reason: 'voted_out' })).toBe('voted out (1:01)');
    expect(ended({ reason: 'unplayable' })).toBe('could not be played (1:01)');
  });

  it('say for whom and when', () => {
    expect(queuedForText(played({}), 'me', nameOf)).toBe('for ANA');
    expect(queuedForText(played({}), 'ana', nameOf)).toBe('for you');
    expect(queuedForText(played({ member: null }), 'me', nameOf)).toBe('');
    expect(startedText(played({}), 20_000)).toBe('a moment ago');
    expect(startedText(played({}), 200_000)).toBe('3 minutes ago');
  });
});
