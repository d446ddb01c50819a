import { describe, expect, it } from 'vitest';
import { idle, playing } from '../testing/fixtures';
import { type PlaybackStatus, type Quality, QualityTracker, qualityOf } from './quality';

const on = playing('a', 100_000);
const LATER = 200_000;
const says = (error_ms: number, deviation_ms: number | null = 0): PlaybackStatus => ({
  entry: 'a',
  state: 'playing',
  error_ms,
  deviation_ms,
  measured: 'estimated',
});
const called = (status: PlaybackStatus, before: Quality | null = null) => qualityOf(status, on, LATER, before);

describe('quality', () => {
  it('depends on the error and its uncertainty, late or early', () => {
    expect([0, 4, 5, -5].map((ms) => called(says(ms)))).toEqual(['good', 'good', 'good', 'good']);
    expect([5.1, -30].map((ms) => called(says(ms)))).toEqual(['fair', 'fair']);
    expect([30.1, -150].map((ms) => called(says(ms)))).toEqual(['poor', 'poor']);
    expect([151, -4_000].map((ms) => called(says(ms)))).toEqual(['out', 'out']);
    expect(called(says(2, 2.9))).toBe('good');
    expect(called(says(2, 3.1))).toBe('fair');
    expect(called(says(-1, 149.5))).toBe('out');
  });

  it('is poor before the first measurement', () => {
    expect(called({ ...says(0), measured: null })).toBe('poor');
    expect(called({ entry: 'a', state: 'playing', error_ms: 900 })).toBe('poor');
  });

  it('believes a device that reports no uncertainty', () => {
    expect(called(says(4, null))).toBe('good');
  });

  it('is out for a device that does not play the current track, after a moment to start', () => {
    const silent: PlaybackStatus = { entry: null, state: 'idle', error_ms: 0 };
    expect(qualityOf(silent, on, 103_000)).toBeNull();
    expect(qualityOf(silent, on, 105_000)).toBe('out');
    expect(qualityOf({ ...says(0), entry: 'before' }, on, 101_000)).toBeNull();
    expect(qualityOf({ ...says(0), entry: 'before' }, on, 105_000)).toBe('out');
  });

  it('is absent while nothing plays', () => {
    expect(qualityOf(says(0), idle, LATER)).toBeNull();
    expect(qualityOf(says(0), { ...on, state: 'paused' }, LATER)).toBeNull();
  });

  it('does not flicker at a bound', () => {
    expect(called(says(4.5), 'fair')).toBe('fair');
    expect(called(says(3.9), 'fair')).toBe('good');
    expect(called(says(5.1), 'good')).toBe('fair');
    expect(called(says(29), 'poor')).toBe('poor');
    expect(called(says(23), 'poor')).toBe('fair');
    expect(called(says(140), 'out')).toBe('out');
  });

  it('improves by as much as is clear', () => {
    expect(called(says(1), 'out')).toBe('good');
    expect(called(says(4.5), 'out')).toBe('fair');
  });

  it('remembers each device, for as long as the track is the same', () => {
    const qualities = new QualityTracker();
    const look = (device: string, ms: number, playback = on) =>
      qualities.of(device, { ...says(ms), entry: playback.entry }, playback, LATER);
    expect(look('phone', 6)).toBe('fair');
    expect(look('phone', 4.5)).toBe('fair');
    expect(look('laptop', 4.5)).toBe('good');
    expect(look('phone', 4.5, playing('b', 100_000))).toBe('good');
    expect(look('phone', 6)).toBe('fair');
    qualities.keepOnly(new Set(['laptop']));
    expect(look('phone', 4.5)).toBe('good');
  });
});
