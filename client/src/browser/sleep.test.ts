import { describe, expect, it } from 'vitest';
import { SleepDetector } from './sleep';

describe('sleep detector', () => {
  it('ignores normal ticks', () => {
    const watch = new SleepDetector();
    expect(watch.sleptSinceLastCall(0, 1_000_000)).toBe(false);
    expect(watch.sleptSinceLastCall(250, 1_000_250)).toBe(false);
    expect(watch.sleptSinceLastCall(900, 1_000_880)).toBe(false);
  });

  it('detects a sleep during which the clock stood still, once', () => {
    const watch = new SleepDetector();
    watch.sleptSinceLastCall(0, 1_000_000);
    expect(watch.sleptSinceLastCall(250, 1_010_250)).toBe(true);
    expect(watch.sleptSinceLastCall(500, 1_010_500)).toBe(false);
  });

  it('detects a sleep during which the clock went on', () => {
    const watch = new SleepDetector();
    watch.sleptSinceLastCall(0, 1_000_000);
    expect(watch.sleptSinceLastCall(10_000, 1_010_000)).toBe(true);
  });
});
