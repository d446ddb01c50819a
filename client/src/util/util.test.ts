import { describe, expect, it } from 'vitest';
import { backoffMs } from './backoff';
import { hueOf, initialOf } from './color';
import { uuid } from './uuid';

describe('utilities', () => {
  it('makes well-formed, different ids', () => {
    expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid()).not.toBe(uuid());
  });

  it('backs off at random below a ceiling that doubles', () => {
    expect([0, 1, 2, 9].map((attempt) => backoffMs(attempt, () => 1))).toEqual([500, 1_000, 2_000, 15_000]);
    expect(backoffMs(3, () => 0)).toBe(0);
  });

  it('gives a name the same colour every time', () => {
    expect(hueOf('ana')).toBe(hueOf('ana'));
    expect(initialOf('  élan')).toBe('É');
    expect(initialOf('')).toBe('·');
  });
});
