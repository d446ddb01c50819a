import { describe, expect, it } from 'vitest';
import { screenAction, screenPlace } from './wall-screen';

describe('the wall screen', () => {
  it('moves by a few pixels every minute, and comes to all places', () => {
    const places = Array.from({ length: 81 }, (_, minute) => screenPlace(minute));
    expect(new Set(places.map(({ x, y }) => `${x} ${y}`)).size).toBe(81);
    for (const { x, y } of places) expect(Math.max(Math.abs(x), Math.abs(y))).toBeLessThanOrEqual(4);
  });

  it('swaps its sides every hour', () => {
    expect([0, 59, 60, 119, 120].map((minutes) => screenPlace(minutes).mirrored)).toEqual([
      false,
      false,
      true,
      true,
      false,
    ]);
  });

  it('knows the keys of a remote control', () => {
    const pressed = ['Enter', 'ArrowRight', 'ArrowDown', ' ', 'a'].map((key) => screenAction({ key }));
    expect(pressed).toEqual(['fullscreen', 'skip', 'pause', 'pause', null]);
  });
});
