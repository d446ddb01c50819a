import { describe, expect, it } from 'vitest';
import { REASONS, type Reason } from '$protocol';
import { noticeWords, refusalWords } from './refusals';

const names = Object.keys(REASONS) as Reason[];

describe('words about refusals', () => {
  it('have a sentence of their own for every reason of the contract, with its values', () => {
    for (const reason of names) {
      const { code, values } = REASONS[reason];
      const given = Object.fromEntries(values.map((name) => [name, name.endsWith('_ms') ? 61_000 : 7]));
      const words = refusalWords({ code, reason, values: given, detail: 'the server’s sentence' });
      expect(words, reason).toMatch(/^[A-Z].*[.]$/s);
      expect(words, reason).not.toMatch(/undefined|NaN|the server’s sentence/);
    }
  });

  it('name who may and what, and how long it takes', () => {
    const values = { action: 'kick', lowest_role: 'cohost' };
    expect(refusalWords({ code: 'forbidden', reason: 'role_too_low', values })).toBe(
      'Only the host or a co-host may remove people.',
    );
    expect(refusalWords({ code: 'cooldown', reason: 'track_cooldown', values: { left_ms: 61_000 } })).toContain(
      '2 min',
    );
    expect(refusalWords({ code: 'limit_reached', reason: 'track_too_long', values: { max_ms: 301_000 } })).toContain(
      '5:01',
    );
  });

  it('are the server’s for a reason that this page does not know, and where it is about this very command', () => {
    const reason = 'from_next_year' as Reason;
    expect(refusalWords({ code: 'too_large', reason, detail: 'That is heavy.' })).toBe('That is heavy.');
    expect(refusalWords({ code: 'conflict', detail: 'That entry is about to start.' })).toBe(
      'That entry is about to start.',
    );
    expect(refusalWords({ code: 'cooldown', detail: 'It may come again in 4 min.' })).toBe(
      'It may come again in 4 min.',
    );
    expect(refusalWords({ code: 'internal', detail: 'stack trace' })).not.toContain('stack trace');
  });

  it('say how long to wait where that is known', () => {
    expect(refusalWords({ code: 'rate_limited', retryAfterMs: 12_000 })).toBe(
      'Too many attempts. Try again in 12 seconds.',
    );
    expect(refusalWords({ code: 'rate_limited' })).toContain('Wait a few seconds');
  });

  it('have a sentence for every notice, and the server’s for another', () => {
    expect(noticeWords({ code: 'draining', message: '' })).toContain('restarts');
    expect(noticeWords({ code: 'spotify_busy', message: '', values: { left_ms: 19_000_000 } })).toContain(
      'about 5 hours',
    );
    expect(noticeWords({ code: 'news', message: 'Something is new.' })).toBe('Something is new.');
  });
});
