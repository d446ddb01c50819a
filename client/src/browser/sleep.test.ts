import { describe, expect, it } from 'vitest';
import { SleepDetector } from './sleep';

describe('sleep watch', () => {
  it('takes a quarter of a second for a quarter of a second', () => {
    const watch = new SleepDetector();
    expect(watch.sleptSinceLastCall(0, 1_000_000)).toBe(false);
    expect(watch.sleptSinceLastCall(250, 1_000_250)).toBe(false);
    expect(watch.sleptSinceLastCall(900, 1_000_880)).toBe(false);
  });

  it('notices a sleep in which our clock stood still, once', () => {
    const watch = new SleepDetector();
    watch.sleptSinceLastCall(0, 1_000_000);
    expect(watch.sleptSinceLastCall(250, 1_010_250)).toBe(true);
    expect(watch.sleptSinceLastCall(500, 1_010_500)).toBe(false);
  });

  it('notices one in which it went on', () => {
    const watch = new SleepDetector();
    watch.sleptSinceLastCall(0, 1_000_000);
    expect(watch.sleptSinceLastCall(10_000, 1_010_000)).toBe(true);
  });
});
