import { describe, expect, it } from 'vitest';
import { ACTIONS, REASONS, type Reason, type ReasonValue } from '$protocol';
import { refusalText } from './failures';
import { noticeText } from './refusals';

const sample: Record<string, ReasonValue> = {
  action: 'skip',
  lowest_role: 'cohost',
  provider: 'spotify',
  setting: 'policy',
  left_ms: 240_000,
  max_ms: 600_000,
  min: 3,
  max: 32,
};

describe('refusal texts', () => {
  it('have a sentence of their own for every reason, with its values', () => {
    for (const [reason, { code, values }] of Object.entries(REASONS)) {
      const given = Object.fromEntries(values.map((name) => [name, sample[name]]));
      expect(Object.values(given), `a sample of each value of ${reason}`).not.toContain(undefined);
      const words = refusalText({ code, reason: reason as Reason, values: given });
      expect(words, reason).toMatch(/^[A-Z“].*[.]$/);
      expect(words, reason).not.toMatch(/undefined|null|NaN|_/);
    }
  });

  it('say what a reason is about', () => {
    expect(refusalText({ code: 'conflict', reason: 'about_to_start' })).toBe(
      'This track is about to start, so it can’t be changed.',
    );
    expect(refusalText({ code: 'cooldown', reason: 'track_cooldown', values: { left_ms: 240_000 } })).toBe(
      'This track was played recently. It can repeat in 4 minutes.',
    );
    expect(refusalText({ code: 'forbidden', reason: 'permission_withheld', values: { action: 'queue' } })).toBe(
      'The host doesn’t allow you to add tracks.',
    );
    expect(
      refusalText({ code: 'forbidden', reason: 'role_too_low', values: { action: 'skip', lowest_role: 'cohost' } }),
    ).toBe('Only co-hosts and the host can skip other people’s tracks.');
  });

  it('name every action', () => {
    for (const action of Object.keys(ACTIONS)) {
      const values = { action, lowest_role: 'host' };
      for (const reason of ['role_too_low', 'permission_withheld'] as const) {
        expect(refusalText({ code: 'forbidden', reason, values }), action).toMatch(
          /^(Only the host can|The host doesn’t allow you to) (?!do that)[a-z].*[.]$/,
        );
      }
    }
  });

  it('fall back to the code for reasons and values that only a newer server knows', () => {
    const general = refusalText({ code: 'forbidden' });
    expect(refusalText({ code: 'forbidden', reason: 'from_the_future' as Reason })).toBe(general);
    expect(refusalText({ code: 'forbidden', reason: 'toString' as Reason })).toBe(general);
    expect(refusalText({ code: 'forbidden', reason: 'permission_withheld', values: { action: 'teleport' } })).toBe(
      general,
    );
    expect(refusalText({ code: 'forbidden', reason: 'permission_withheld' })).toBe(general);
    expect(refusalText({ code: 'from_the_future' as 'internal' })).toBe(refusalText({ code: 'internal' }));
  });

  it('say how long to wait', () => {
    expect(refusalText({ code: 'rate_limited', retryAfterMs: 12_000 })).toBe(
      'Too many attempts. Try again in 12 seconds.',
    );
    expect(refusalText({ code: 'rate_limited' })).toContain('Wait a few seconds');
  });
});

describe('notice texts', () => {
  it('are for known notices only', () => {
    expect(noticeText('draining')).toContain('restarting');
    expect(noticeText('spotify_busy', { left_ms: 600_000 })).toContain('10 minutes');
    expect(noticeText('from_the_future')).toBeNull();
  });
});
