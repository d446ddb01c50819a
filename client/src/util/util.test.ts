import { describe, expect, it } from 'vitest';
import { deviceName } from '../browser/device';
import { normalizeCode, routeOf } from '../browser/route';
import { backoffMs } from './backoff';
import { hueOf, initialOf } from './color';
import { landingIndex, moved } from './reorder';
import { uuid } from './uuid';

describe('routes', () => {
  it('maps paths to pages', () => {
    expect(routeOf('/')).toEqual({ page: 'landing' });
    expect(routeOf('/me')).toEqual({ page: 'me' });
    expect(routeOf('/r/7km2qx')).toEqual({ page: 'room', code: '7KM2QX' });
    expect(routeOf('/r/7KM2QX/screen')).toEqual({ page: 'screen', code: '7KM2QX' });
    expect(routeOf('/r/nope')).toEqual({ page: 'unknown' });
    expect(routeOf('/x')).toEqual({ page: 'unknown' });
  });

  it('normalizes codes as users type them', () => {
    expect(normalizeCode(' 7km-2qx ')).toBe('7KM2QX');
    expect(normalizeCode('oil123')).toBe('011123');
    expect(normalizeCode('https://music.example/r/7KM2QX?x=1')).toBe('7KM2QX');
    expect(normalizeCode('7KM2Q')).toBeNull();
    expect(normalizeCode('7KM2QU')).toBeNull();
  });
});

describe('reordering', () => {
  it('moves one item and keeps the others in order', () => {
    expect(moved(['a', 'b', 'c', 'd'], 0, 2)).toEqual(['b', 'c', 'a', 'd']);
    expect(moved(['a', 'b', 'c', 'd'], 3, 0)).toEqual(['d', 'a', 'b', 'c']);
    expect(moved(['a'], 5, 0)).toEqual(['a']);
  });

  it('lands at the pointer', () => {
    const middles = [20, 60, 100];
    expect(landingIndex(middles, 0, 10)).toBe(0);
    expect(landingIndex(middles, 0, 70)).toBe(1);
    expect(landingIndex(middles, 0, 500)).toBe(2);
    expect(landingIndex(middles, 2, 10)).toBe(0);
  });
});

describe('utilities', () => {
  it('makes well-formed, different ids', () => {
    expect(uuid()).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    expect(uuid()).not.toBe(uuid());
  });

  it('backs off at random below a ceiling that doubles', () => {
    expect([0, 1, 2, 9].map((attempt) => backoffMs(attempt, () => 1))).toEqual([500, 1_000, 2_000, 15_000]);
    expect(backoffMs(3, () => 0)).toBe(0);
  });

  it('names devices', () => {
    const firefox = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
    const iphone =
      'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605 Version/18.0 Mobile/15E Safari/604.1';
    const edge = 'Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0';
    const chromebook = 'Mozilla/5.0 (X11; CrOS x86_64 14541.0.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36';
    const tablet =
      'Mozilla/5.0 (Linux; Android 15; SM-X910) AppleWebKit/537.36 SamsungBrowser/28.0 Chrome/130.0 Safari/537.36';
    expect([firefox, iphone, edge, chromebook, tablet].map(deviceName)).toEqual([
      'Firefox on Linux',
      'Safari on iPhone',
      'Edge on Windows',
      'Chrome on Chromebook',
      'Samsung Internet on Android',
    ]);
    expect(['curl/8.5.0', 'tutti-loadtests/0.1 (Linux)', 'Mozilla/5.0', ''].map(deviceName)).toEqual([
      'curl',
      'tutti-loadtests on Linux',
      'Browser',
      'Browser',
    ]);
  });

  it('gives a name the same colour every time', () => {
    expect(hueOf('ana')).toBe(hueOf('ana'));
    expect(initialOf('  élan')).toBe('É');
    expect(initialOf('')).toBe('·');
  });
});
