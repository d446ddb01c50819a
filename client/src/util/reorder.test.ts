import { describe, expect, it } from 'vitest';
import { edgeSpeed, landingIndex, moved } from './reorder';

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

  it('scrolls faster the closer a drag is to an edge', () => {
    expect(edgeSpeed(300, 0, 600)).toBe(0);
    expect(edgeSpeed(590, 0, 600)).toBeGreaterThan(edgeSpeed(560, 0, 600));
    expect(edgeSpeed(700, 0, 600)).toBe(edgeSpeed(600, 0, 600));
    expect(edgeSpeed(0, 0, 600)).toBe(-edgeSpeed(600, 0, 600));
    // In a low view the middle stays still.
    expect(edgeSpeed(50, 0, 100)).toBe(0);
  });
});
