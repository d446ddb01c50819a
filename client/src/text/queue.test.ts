import { describe, expect, it } from 'vitest';
import { entry, settings } from '../testing/fixtures';
import { creditText, policyText, queueText } from './queue';

describe('queue texts', () => {
  it('explain the order of play', () => {
    expect(policyText(settings())).toBe('Everyone gets equal playing time.');
    expect(policyText(settings({ policy: 'votes' }))).toBe('Tracks with the most votes play first.');
    expect(policyText(settings({ policy: 'fifo', players_max: 3 }))).toBe(
      'First come, first served. 3 people play at a time.',
    );
    expect(policyText(settings({ players_max: 1 }))).toContain('One person plays');
  });

  it('name credited members', () => {
    const nameOf = (id: string) => id.toUpperCase();
    const credited = (...credits: string[]) => creditText({ ...entry('a', 'ana'), credits }, 'me', nameOf);
    expect(credited()).toBe('');
    expect(credited('ben', 'cai')).toBe('also for BEN and CAI');
    expect(credited('me')).toBe('also for you');
    expect(credited('ben', 'me')).toBe('also for you and BEN');
  });

  it('sum up the user’s queue', () => {
    expect(queueText.mineSum(1, 0)).toBe('One track, less than a minute');
    expect(queueText.mineSum(3, 12)).toBe('3 tracks, 12 min');
    expect([1, 2].map(queueText.linePlace)).toEqual(['You are next in line.', 'You are 2nd in line.']);
  });

  it('count votes', () => {
    expect([0, 1, -1, 2, -3].map(queueText.votes)).toEqual(['0 votes', '1 vote', '−1 vote', '2 votes', '−3 votes']);
  });
});
