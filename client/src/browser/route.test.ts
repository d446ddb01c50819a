import { describe, expect, it } from 'vitest';
import { normalizeCode, routeOf } from './route';

describe('routes', () => {
  it('maps paths to pages', () => {
    expect(routeOf('/')).toEqual({ page: 'landing' });
    expect(routeOf('/me')).toEqual({ page: 'me' });
    expect(routeOf('/device')).toEqual({ page: 'device' });
    expect(routeOf('/r/7km2qx')).toEqual({ page: 'room', code: '7KM2QX' });
    expect(routeOf('/r/7KM2QX/screen')).toEqual({ page: 'screen', code: '7KM2QX' });
    expect(routeOf('/screen')).toEqual({ page: 'wall' });
    expect(routeOf('/pair')).toEqual({ page: 'pair' });
    expect(routeOf('/operator')).toEqual({ page: 'operator' });
    expect(routeOf('/password')).toEqual({ page: 'password' });
    expect(routeOf('/invited')).toEqual({ page: 'invited' });
    expect(routeOf('/r/nope')).toEqual({ page: 'unknown' });
    expect(routeOf('/x')).toEqual({ page: 'unknown' });
  });

  it('normalizes codes as users type them', () => {
    expect(normalizeCode(' 7km-2qx ')).toBe('7KM2QX');
    expect(normalizeCode('oil123')).toBe('011123');
    expect(normalizeCode('https://music.example/r/7KM2QX?x=1')).toBe('7KM2QX');
    expect(normalizeCode('https://music.example/r/r/7KM2QX#passcode=a')).toBe('7KM2QX');
    expect(normalizeCode('7KM2Q')).toBeNull();
    expect(normalizeCode('7KM2QU')).toBeNull();
  });
});
