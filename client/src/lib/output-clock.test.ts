import { beforeEach, describe, expect, it } from 'vitest';
import { median } from './numbers';
import { type Depth, OutputClock, type OutputTimes } from './output-clock';
import recorded from './testing/pulseaudio-start.json';

/** Eight quanta. */
const BLOCK_S = 1024 / 48_000;

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

  describe('when it has just begun to play', () => {
    let localMs: number;
    /** What the timestamps are wrong by, at a moment. */
    let wrongMs: (atMs: number) => number;
    let lostMs: number;
    let output: OutputClock;
    const heard = () => (localMs - lostMs) / 1000;
    const begin = (depth?: Depth) =>
      new OutputClock(
        {
          get currentTime() {
            return Math.ceil((heard() + 0.04) / BLOCK_S) * BLOCK_S;
          },
          getOutputTimestamp: () => ({ contextTime: heard() + wrongMs(localMs) / 1000, performanceTime: localMs }),
        },
        () => localMs,
        depth,
      );
    beforeEach(() => {
      localMs = 0;
      wrongMs = () => 0;
      lostMs = 0;
      output = begin();
      localMs = 200;
    });

    /** The largest error from some time on, having read until another. */
    function worstMs(fromMs: number, untilMs: number): number {
      let worst = 0;
      for (; localMs < untilMs; localMs += 100) {
        output.read();
        const errorMs = output.contextTimeAt(localMs) * 1000 - (localMs - lostMs);
        if (localMs >= fromMs) worst = Math.max(worst, Math.abs(errorMs));
      }
      return worst;
    }

    /** As PulseAudio's estimate of the rate does: wrong at first, and better each time that it asks. */
    const swinging = (atMs: number) => {
      const asked = Math.floor(atMs / 1_500);
      return asked === 0 ? 3 - atMs / 250 : -8 * 0.64 ** asked * (1 + (atMs - asked * 1_500) / 1_500);
    };

    it('holds what it was told first while what it is told swings, and then believes again', () => {
      wrongMs = swinging;
      expect(Math.abs(swinging(1_500 + 1_400))).toBeGreaterThan(9);
      expect(worstMs(2_000, 10_000)).toBeLessThan(2);
      expect(worstMs(15_000, 20_000)).toBeLessThan(0.3);
    });

    it('is not led astray by a start as it was recorded', () => {
      const readings = recorded as [atMs: number, currentTime: number, contextTime: number, performanceTime: number][];
      let place = 0;
      const reading = () => readings[place]!;
      output = new OutputClock(
        {
          get currentTime() {
            return reading()[1];
          },
          getOutputTimestamp: () => ({ contextTime: reading()[2], performanceTime: reading()[3] }),
        },
        () => reading()[0],
      );
      // What it says once it keeps still; this card is 100 ppm fast.
      const zeros = readings.map(([, , contextTime, performanceTime]) => performanceTime - contextTime * 1000);
      const [endMs] = readings.at(-15)!;
      const trueZeroMs = (atMs: number) => median(zeros.slice(-30)) - ((atMs - endMs) * 100) / 1e6;
      let [toldMs, madeOfItMs] = [0, 0];
      for (; place < readings.length; place += 1) {
        output.read();
        const [atMs] = reading();
        if (atMs < 2_500) continue;
        toldMs = Math.max(toldMs, Math.abs(zeros[place]! - trueZeroMs(atMs)));
        const zeroMs = atMs - output.contextTimeAt(atMs) * 1000;
        madeOfItMs = Math.max(madeOfItMs, Math.abs(zeroMs - trueZeroMs(atMs)));
      }
      expect(toldMs).toBeGreaterThan(30);
      expect(madeOfItMs).toBeLessThan(3);
    });

    it('lets go of what it was told first when it was told otherwise for three seconds', () => {
      wrongMs = (atMs) => (atMs < 1_700 ? 27 : 0);
      expect(worstMs(0, 3_000)).toBeGreaterThan(26);
      expect(worstMs(5_100, 20_000)).toBeLessThan(0.1);
    });

    it('does not wait for ever for what never keeps still', () => {
      wrongMs = (atMs) => (atMs < 2_000 ? 20 : 3 * Math.sin(atMs));
      worstMs(0, 36_000);
      expect(worstMs(36_000, 40_000)).toBeLessThan(2);
    });

    it('begins with what was learned of the output before where it swings from the first moment', () => {
      const depth: Depth = { ms: null };
      output = begin(depth);
      worstMs(0, 10_000);
      expect(depth.ms).not.toBeNull();
      output = begin(depth);
      const fromMs = localMs;
      wrongMs = (atMs) => (atMs - fromMs) / 100 - 19;
      expect(worstMs(fromMs + 2_000, fromMs + 5_000)).toBeLessThan(4);
    });

    it('begins anew where sound was lost', () => {
      expect(worstMs(0, 10_000)).toBeLessThan(0.1);
      lostMs = 30;
      wrongMs = (atMs) => swinging(atMs - 10_000);
      expect(worstMs(12_000, 20_000)).toBeLessThan(4);
      expect(worstMs(25_000, 30_000)).toBeLessThan(0.3);
    });

    it('holds how deep the buffers were where what it is told after a loss is wrong from the first moment', () => {
      expect(worstMs(0, 4_500)).toBeLessThan(0.1);
      lostMs = 45;
      // As PulseAudio says after a sound card that stood still: wrong, and hardly less so for seconds.
      wrongMs = (atMs) => 14 * Math.exp((4_500 - atMs) / 6_000);
      expect(worstMs(6_500, 12_000)).toBeLessThan(2.5);
      expect(worstMs(40_000, 42_000)).toBeLessThan(0.3);
    });

    it('takes three readings for a new truth once it has had its time to swing', () => {
      expect(worstMs(0, 40_000)).toBeLessThan(0.1);
      wrongMs = () => -6;
      expect(worstMs(40_000, 40_200)).toBeLessThan(0.1);
      worstMs(40_200, 40_300);
      expect(output.contextTimeAt(localMs) * 1000 - localMs).toBeCloseTo(-6);
    });
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
