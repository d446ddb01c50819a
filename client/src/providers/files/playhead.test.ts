import { describe, expect, it } from 'vitest';
import { FakeSource } from '../../testing/fake-audio';
import { seeded } from '../../testing/random';
import { Playhead, RATE_CHANGE_MAX } from './playhead';
import { SEGMENT_RATE_HZ as RATE, SEGMENT_SAMPLES } from './segments';

describe('playhead', () => {
  it('starts on a whole frame with a whole sample', () => {
    const { frame, position } = new Playhead(12.345_678_9, 3.210_987_6);
    expect([frame % 1, position % 1]).toEqual([0, 0]);
    expect((frame - position) / RATE).toBeCloseTo(12.345_678_9 - 3.210_987_6, 4);
  });

  it('extrapolates its position, also before the start', () => {
    const playhead = new Playhead(10, 2);
    expect(playhead.offsetAt(11.5)).toBeCloseTo(3.5, 9);
    expect(playhead.offsetAt(9)).toBeCloseTo(1, 9);
  });

  it('shifts by the requested time between two quanta', () => {
    const playhead = new Playhead(10, 0);
    const { at, until, rate, segment } = playhead.nudge(0.005, 20.1)!;
    expect(segment).toBe(2);
    expect(at).toBeGreaterThan(20.1);
    expect(at).toBeLessThan(20.13);
    expect(Math.abs(rate - 1)).toBeLessThanOrEqual(RATE_CHANGE_MAX);
    expect(playhead.offsetAt(at)).toBeCloseTo(at - 10, 9);
    expect(playhead.offsetAt(until + 5)).toBeCloseTo(until + 5 - 10 + 0.005, 6);
    expect(playhead.positionAt(Math.round(until * RATE + 0.5)) % 1).toBe(0);
  });

  it('schedules a second nudge after the first', () => {
    const playhead = new Playhead(0, 0);
    const first = playhead.nudge(-0.003, 1)!;
    const second = playhead.nudge(0.001, 1)!;
    expect(second.at).toBeGreaterThanOrEqual(first.until);
    expect(playhead.offsetAt(30)).toBeCloseTo(29.998, 6);
  });

  it('ignores shifts below one sample', () => {
    expect(new Playhead(0, 0).nudge(0.000_005, 1)).toBeNull();
  });

  it('waits for the next segment when a nudge does not fit into the current one', () => {
    const playhead = new Playhead(100, 0);
    expect(playhead.nudge(0.002, 102.9)).toMatchObject({ segment: 0 });
    const other = new Playhead(100, 0);
    const { at, until, segment } = other.nudge(0.002, 103.1)!;
    expect(segment).toBe(1);
    expect(at).toBeGreaterThanOrEqual(105 - 1 / RATE);
    expect(at).toBeLessThan(105.01);
    expect(other.offsetAt(until)).toBeLessThan(10);
  });

  it('knows the whole frame of every boundary, whatever was nudged', () => {
    const random = seeded(3);
    const playhead = new Playhead(3.3, 1.7);
    let samples = 0;
    for (let now = 5; now < 600; now += 3 + 9 * random()) {
      const shift = 0.02 * (random() - 0.5);
      if (playhead.nudge(shift, now) !== null) samples += Math.round(shift * RATE);
    }
    for (let number = 1; number < 120; number += 1) {
      const frame = playhead.frameOf(number * SEGMENT_SAMPLES);
      expect(playhead.positionAt(frame)).toBe(number * SEGMENT_SAMPLES);
    }
    const late = 10_000 * RATE;
    expect(playhead.positionAt(late)).toBe(playhead.position + late - playhead.frame + samples);
  });

  it('stays within a fiftieth of a sample of each segment’s source over a hundred nudges', () => {
    const random = seeded(48);
    const playhead = new Playhead(3.3, 0);
    let now = 3.3;
    for (let count = 0; count < 100; count += 1) {
      now += 5 * random();
      const nudge = playhead.nudge(0.02 * (random() - 0.5), now);
      if (nudge === null) continue;
      now = nudge.until;
      expect(Math.abs(nudge.rate - 1)).toBeLessThanOrEqual(RATE_CHANGE_MAX * (1 + 1e-4));
      const first = nudge.segment * SEGMENT_SAMPLES;
      const source = new FakeSource();
      source.buffer = { track: 'a', first, length: SEGMENT_SAMPLES };
      source.start(playhead.frameOf(first) / RATE);
      for (const { at, until, rate } of playhead.nudgesIn(nudge.segment)) {
        source.playbackRate.setValueAtTime(rate, at);
        source.playbackRate.setValueAtTime(1, until);
      }
      const end = playhead.frameOf(first + SEGMENT_SAMPLES);
      for (let frame = playhead.frameOf(first); frame <= end; frame += 997) {
        const apart = playhead.positionAt(frame) - source.trackPositionAt(frame);
        expect(Math.abs(apart)).toBeLessThan(0.02);
      }
    }
  });
});
