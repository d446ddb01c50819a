import { describe, expect, it } from 'vitest';
import { SleepWatch } from './sleep';

describe('sleep watch', () => {
  it('takes a quarter of a second for a quarter of a second', () => {
    const watch = new SleepWatch();
    expect(watch.hasSlept(0, 1_000_000)).toBe(false);
    expect(watch.hasSlept(250, 1_000_250)).toBe(false);
    expect(watch.hasSlept(900, 1_000_880)).toBe(false);
  });

  it('notices a sleep in which our clock stood still, once', () => {
    const watch = new SleepWatch();
    watch.hasSlept(0, 1_000_000);
    expect(watch.hasSlept(250, 1_010_250)).toBe(true);
    expect(watch.hasSlept(500, 1_010_500)).toBe(false);
  });

  it('notices one in which it went on', () => {
    const watch = new SleepWatch();
    watch.hasSlept(0, 1_000_000);
    expect(watch.hasSlept(10_000, 1_010_000)).toBe(true);
  });
});
