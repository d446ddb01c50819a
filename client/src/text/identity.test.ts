import { describe, expect, it } from 'vitest';
import { person } from '../testing/fake-device';
import { ageText, identityText, longDate, premiumText, userText } from './identity';

const MARCH_3_MS = Date.UTC(2026, 2, 3, 12);

describe('identity texts', () => {
  it('say how a user is known', () => {
    expect(userText(null)).toContain('not logged in');
    expect(userText(person('ana'))).toContain('guest on this browser');
    expect(userText(person('ana', { kind: 'user', username: 'ana.l' }))).toBe('Logged in as ana.l.');
    expect(userText(person('ana', { kind: 'user', spotify: true }))).toBe('Logged in with Spotify.');
  });

  it('say when something happened', () => {
    expect(ageText(null)).toBe('just now');
    expect(ageText({ value: 1, unit: 'day' })).toBe('yesterday');
    expect(ageText({ value: 3, unit: 'week' })).toBe('3 weeks ago');
    expect(longDate(MARCH_3_MS)).toBe('March 3, 2026');
  });

  it('explain what is known about Premium', () => {
    const premium = premiumText({ verdict: 'premium', evidence: 'profile', at_ms: MARCH_3_MS });
    expect(premium.lead).toBe('As of March 3, 2026, from your Spotify profile. Your own devices can play Spotify.');
    const not = premiumText({ verdict: 'not_premium', evidence: 'player', at_ms: MARCH_3_MS });
    expect(not.lead).toContain('You can queue, vote and control like everyone else.');
    expect(premiumText({ verdict: 'not_premium' }).lead).toMatch(/^You can queue/);
    expect(premiumText({ verdict: 'unknown' }).lead).toContain('nothing is restricted');
  });

  it('say for every failed login that nothing has changed', () => {
    for (const { title, lead, again } of Object.values(identityText.spotify.outcomes)) {
      expect(`${title} ${lead}`).toMatch(/nothing has changed|no one was added/i);
      expect(again).not.toBe('');
    }
  });
});
