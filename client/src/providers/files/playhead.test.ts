import { describe, expect, it } from 'vitest';
import { FakeSource } from '../../testing/fake-audio';
import { seeded } from '../../testing/random';
import { Playhead, RATE_CHANGE_MAX } from './playhead';

const RATE = 48_000;

describe('playhead', () => {
  it('starts on a whole frame with a whole sample', () => {
    const { at, offset } = new Playhead(12.345_678_9, 3.210_987_6, RATE);
    expect(at * RATE).toBeCloseTo(Math.round(at * RATE), 6);
    expect(offset * RATE).toBeCloseTo(Math.round(offset * RATE), 6);
    expect(at - offset).toBeCloseTo(12.345_678_9 - 3.210_987_6, 4);
  });

  it('extrapolates its position, also before the start', () => {
    const playhead = new Playhead(10, 2, RATE);
    expect(playhead.offsetAt(11.5)).toBeCloseTo(3.5, 9);
    expect(playhead.offsetAt(9)).toBeCloseTo(1, 9);
  });

  it('shifts by the requested time between two quanta', () => {
    const playhead = new Playhead(10, 2, RATE);
    const { at, until, rate } = playhead.nudge(0.005, 20)!;
    expect(at).toBeGreaterThan(20);
    expect(at).toBeLessThan(20.03);
    expect(Math.abs(rate - 1)).toBeLessThanOrEqual(RATE_CHANGE_MAX);
    expect(playhead.offsetAt(at)).toBeCloseTo(2 + at - 10, 9);
    expect(playhead.offsetAt(until + 5)).toBeCloseTo(2 + until + 5 - 10 + 0.005, 6);
    expect((playhead.offsetAt(until + 0.5 / RATE) * RATE) % 1).toBeCloseTo(0, 1);
  });

  it('schedules a second nudge after the first', () => {
    const playhead = new Playhead(0, 0, RATE);
    const first = playhead.nudge(-0.003, 1)!;
    const second = playhead.nudge(0.001, 1)!;
    expect(second.at).toBeGreaterThanOrEqual(first.until);
    expect(playhead.offsetAt(30)).toBeCloseTo(29.998, 6);
  });

  it('ignores shifts below one sample', () => {
    expect(new Playhead(0, 0, RATE).nudge(0.000_005, 1)).toBeNull();
  });

  it('stays within a fiftieth of a sample over a hundred nudges', () => {
    for (const sampleRate of [44_100, 48_000, 96_000]) {
      const random = seeded(sampleRate);
      const source = new FakeSource();
      const playhead = new Playhead(3.3, 0, sampleRate);
      source.start(playhead.at, playhead.offset);
      let now = 3.3;
      for (let count = 0; count < 100; count += 1) {
        now = Math.max(now, playhead.steadyFrom) + 5 * random();
        const nudge = playhead.nudge(0.02 * (random() - 0.5), now);
        if (nudge === null) continue;
        expect(Math.abs(nudge.rate - 1)).toBeLessThanOrEqual(RATE_CHANGE_MAX * (1 + 1e-4));
        source.playbackRate.setValueAtTime(nudge.rate, nudge.at);
        source.playbackRate.setValueAtTime(1, nudge.until);
        const looked = now + 8 * random();
        const apart = playhead.offsetAt(looked) - source.positionAt(looked, sampleRate);
        expect(Math.abs(apart) * sampleRate).toBeLessThan(0.02);
      }
    }
  });
});
