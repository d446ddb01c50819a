import { beforeEach, describe, expect, it } from 'vitest';
import { OutputDepth } from './output-depth';

describe('depth of an output', () => {
  let depth: OutputDepth;
  let atMs: number;
  beforeEach(() => {
    depth = new OutputDepth();
    atMs = 0;
  });
  /** Reports a value ten times a second for a time. */
  const tell = (seconds: number, told: (s: number) => number) => {
    for (let n = 0; n < seconds * 10; n += 1, atMs += 100) depth.take(atMs, told(n / 10));
  };

  it('is the first two seconds’ report until reports settle for ten', () => {
    tell(2, () => 40);
    tell(9, (s) => 40 + s);
    expect(depth.ms).toBe(40);
    tell(12, () => 47);
    expect(depth.ms).toBeCloseTo(47, 0);
  });

  it('states its uncertainty', () => {
    tell(2, () => 40);
    expect(depth.deviationMs).toBe(0.6);
    tell(10, () => 40);
    expect(depth.deviationMs).toBe(0.2);
  });

  it('does not wait for ever for reports that never settle', () => {
    const restless = (s: number) => 40 + 5 * Math.sin(3 * s);
    tell(2, () => 42);
    tell(58, restless);
    expect(depth.ms).toBe(42);
    tell(60, restless);
    expect(depth.ms).toBeCloseTo(40, 0);
  });

  it('drops the first report when later ones differ, even unsettled', () => {
    tell(4, () => 46);
    tell(3, (s) => 46 - 2 * s);
    const unsteady = (s: number) => 40 + 0.8 * Math.sin(20 * s);
    tell(2, unsteady);
    expect(depth.ms).toBe(46);
    tell(2.5, unsteady);
    expect(Math.abs(depth.ms - 40)).toBeLessThan(1);
  });

  it('is kept through a swing, however large', () => {
    tell(2, () => 40);
    for (let s = 0; s < 30; s += 1) {
      tell(1, (part) => 40 - 35 * Math.min((s + part) / 2, Math.exp(-(s + part - 2) / 5)));
      expect(Math.abs(depth.ms - 40)).toBeLessThan(1);
    }
  });

  it('is hardly affected by reports after lost sound', () => {
    tell(60, () => 40);
    depth.lose(atMs, 40);
    tell(60, (s) => 40 - 60 * Math.exp(-s / 6));
    expect(depth.ms).toBeCloseTo(40, 0);
  });

  it('follows another output once its reports settle', () => {
    tell(60, () => 40);
    tell(4, () => 220);
    expect(depth.ms).toBe(40);
    tell(10, () => 220);
    expect(depth.ms).toBeCloseTo(220);
  });

  it('is kept when sound is lost soon after the start', () => {
    tell(1.3, () => 40);
    depth.lose(atMs, 40);
    tell(9, (s) => -20 + 8 * s);
    expect(depth.ms).toBe(40);
  });

  it('is not dropped after lost sound, whose reports are off by more and for longer', () => {
    tell(4, () => 40);
    depth.lose(atMs, 40);
    for (let s = 0; s < 30; s += 1) {
      tell(1, (part) => 40 - 50 * Math.exp(-(s + part) / 15));
      expect(depth.ms).toBe(40);
    }
  });

  it('is the report from before the loss when that is detected late', () => {
    tell(1.2, () => 40);
    const lostAtMs = atMs;
    tell(1, () => 28);
    depth.lose(lostAtMs, 40);
    tell(9, (s) => 28 + s);
    expect(depth.ms).toBe(40);
  });

  it('starts again with a stream that starts before anything is known', () => {
    tell(0.5, () => 40);
    depth.unsettle();
    tell(2, () => 60);
    expect(depth.ms).toBe(60);
  });

  it('moves slowly when it is slightly off for long', () => {
    tell(60, () => 40);
    tell(20, () => 43);
    expect(depth.ms).toBeLessThan(41.5);
    tell(60, () => 43);
    expect(depth.ms).toBeCloseTo(43);
  });

  it('starts again when another source reports', () => {
    tell(60, () => 40);
    depth.forget();
    tell(1, () => 20);
    expect(depth.ms).toBe(20);
  });
});
