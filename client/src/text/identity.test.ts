import { describe, expect, it } from 'vitest';
import { person } from '../testing/fake-device';
import { ageWords, dateWords, identityText, premiumWords, whoWords } from './identity';

const MARCH_3_MS = Date.UTC(2026, 2, 3, 12);

describe('identity texts', () => {
  it('say how a user is known', () => {
    expect(whoWords(null)).toContain('not logged in');
    expect(whoWords(person('ana'))).toContain('guest on this browser');
    expect(whoWords(person('ana', { kind: 'user', username: 'ana.l' }))).toBe('Logged in as ana.l.');
    expect(whoWords(person('ana', { kind: 'user', spotify: true }))).toBe('Logged in with Spotify.');
  });

  it('say when something happened', () => {
    expect(ageWords(null)).toBe('just now');
    expect(ageWords({ value: 1, unit: 'day' })).toBe('yesterday');
    expect(ageWords({ value: 3, unit: 'week' })).toBe('3 weeks ago');
    expect(dateWords(MARCH_3_MS)).toBe('March 3, 2026');
  });

  it('explain what is known about Premium', () => {
    const premium = premiumWords({ verdict: 'premium', evidence: 'profile', at_ms: MARCH_3_MS });
    expect(premium.lead).toBe('As of March 3, 2026, from your Spotify profile. Your own devices can play Spotify.');
    const not = premiumWords({ verdict: 'not_premium', evidence: 'player', at_ms: MARCH_3_MS });
    expect(not.lead).toContain('You can queue, vote and control like everyone else.');
    expect(premiumWords({ verdict: 'not_premium' }).lead).toMatch(/^You can queue/);
    expect(premiumWords({ verdict: 'unknown' }).lead).toContain('nothing is restricted');
  });

  it('say for every failed login that nothing has changed', () => {
    for (const { title, lead, again } of Object.values(identityText.spotify.outcomes)) {
      expect(`${title} ${lead}`).toMatch(/nothing has changed|no one was added/i);
      expect(again).not.toBe('');
    }
  });
});
