import { describe, expect, it } from 'vitest';
import { OutputClock, type OutputTimes } from './output-clock';

/** A context that has run for 10 s at 5000 ms of our clock, heard 40 ms late. */
const now = () => 5_000;
const context = (stamp: AudioTimestamp, more: Partial<OutputTimes> = {}): OutputTimes => ({
  currentTime: 10,
  outputLatency: 0.04,
  getOutputTimestamp: () => stamp,
  ...more,
});

describe('output clock', () => {
  it('believes the output timestamp', () => {
    const output = new OutputClock(context({ contextTime: 9.95, performanceTime: 4_990 }), now);
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.95);
    expect(output.contextTimeAt(6_990)).toBeCloseTo(11.95);
  });

  it.each([
    ['has not begun', { contextTime: 0, performanceTime: 0 }],
    ['is ahead of the context', { contextTime: 11, performanceTime: 5_000 }],
    ['lags by seconds', { contextTime: 4, performanceTime: 5_000 }],
    ['is old', { contextTime: 9.9, performanceTime: 1_000 }],
    ['is empty', {}],
  ])('falls back to the latency when the timestamp %s', (_, stamp) => {
    expect(new OutputClock(context(stamp), now).contextTimeAt(5_000)).toBeCloseTo(9.96);
  });

  it('falls back when there is no timestamp at all, and to no latency when that is unknown', () => {
    const bare: OutputTimes = { currentTime: 10 };
    expect(new OutputClock(bare, now).contextTimeAt(5_000)).toBeCloseTo(10);
  });

  it('is not moved by one misread timestamp', () => {
    const stamp = { contextTime: 9.95, performanceTime: 4_990 };
    const output = new OutputClock(context(stamp), now);
    for (let count = 0; count < 5; count += 1) output.read();
    stamp.contextTime = 9.91;
    output.read();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.95);
    output.forget();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.91);
  });

  it('lets go of what it read at the start after three readings that agree otherwise', () => {
    const stamp = { contextTime: 9.91, performanceTime: 4_990 };
    const output = new OutputClock(context(stamp), now);
    for (let count = 0; count < 12; count += 1) output.read();
    stamp.contextTime = 9.95;
    for (let count = 0; count < 2; count += 1) output.read();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.91);
    output.read();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.95);
  });

  it('believes the latency when timestamps are made up', () => {
    let localMs = 5_000;
    const moving = {
      outputLatency: 0.04,
      get currentTime() {
        return localMs / 1000;
      },
      getOutputTimestamp: () => ({ contextTime: 4.9 + (localMs - 5_000) / 10_000, performanceTime: localMs }),
    };
    const output = new OutputClock(moving, () => localMs);
    for (let count = 0; count < 12; count += 1) {
      output.read();
      localMs += 50;
    }
    expect(output.contextTimeAt(localMs)).toBeCloseTo(localMs / 1000 - 0.04);
  });

  it('notices that a context stands still, and forgets where it was before', () => {
    let localMs = 5_000;
    let contextTime = 10;
    const halting = {
      outputLatency: 0.04,
      get currentTime() {
        return contextTime;
      },
    };
    const output = new OutputClock(halting, () => localMs);
    const pass = (runs: boolean) => {
      for (let count = 0; count < 6; count += 1) {
        localMs += 100;
        if (runs) contextTime += 0.1;
        output.read();
      }
    };
    pass(true);
    expect(output.settled).toBe(true);
    expect(output.contextTimeAt(localMs)).toBeCloseTo(10.56);
    pass(false);
    expect(output.stalled).toBe(true);
    expect(output.settled).toBe(false);
    expect(output.contextTimeAt(localMs)).toBeLessThanOrEqual(10.6);
    pass(true);
    expect(output.settled).toBe(true);
    expect(output.contextTimeAt(localMs)).toBeCloseTo(11.16);
  });
});
