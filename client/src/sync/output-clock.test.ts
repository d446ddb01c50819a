import { beforeEach, describe, expect, it } from 'vitest';
import chromium from '../testing/output-chromium.json';
import firefox from '../testing/output-firefox.json';
import webKitGtk from '../testing/output-webkitgtk.json';
import losses from '../testing/pulseaudio-losses.json';
import scatter from '../testing/pulseaudio-scatter.json';
import start from '../testing/pulseaudio-start.json';
import { mean, median, quantile, spread } from '../util/numbers';
import { OutputClock, type OutputTimes } from './output-clock';
import { OutputDepth } from './output-depth';

/** Eight quanta. */
const BLOCK_S = 1024 / 48_000;
const BUFFER_MS = 40;

/** Recorded from Chromium on PulseAudio: reported values over time, and when context time 0 would have been heard. */
type Recorded = [
  atMs: number,
  currentTime: number,
  contextTime: number,
  performanceTime: number,
  heardMs?: number | null,
];

function recordedOutput(recorded: Recorded[]) {
  let place = 0;
  const reading = () => recorded[place]!;
  const output = new OutputClock(
    {
      get currentTime() {
        return reading()[1];
      },
      getOutputTimestamp: () => ({ contextTime: reading()[2], performanceTime: reading()[3] }),
    },
    () => reading()[0],
  );
  const read = (look: (atMs: number, place: number) => void) => {
    for (; place < recorded.length; place += 1) {
      output.read();
      look(reading()[0], place);
    }
  };
  return { output, read };
}

/**
 * Recorded on one null sink of PulseAudio. `heardMs` is when context time 0 was heard, on the scale of Chromium's timestamps:
 * the monitor of that sink plays 11.2 ms before them.
 */
type Stated = [
  atMs: number,
  currentTime: number,
  contextTime: number,
  performanceTime: number,
  outputLatency: number,
  heardMs: number,
];

function statedOutput(recorded: Stated[], mayAsk?: boolean) {
  let place = 0;
  let questions = 0;
  const reading = () => recorded[place]!;
  const context: OutputTimes = {
    get currentTime() {
      return reading()[1];
    },
    get outputLatency() {
      questions += 1;
      return reading()[4];
    },
    getOutputTimestamp: () => {
      questions += 1;
      return { contextTime: reading()[2], performanceTime: reading()[3] };
    },
  };
  const output = new OutputClock(context, () => reading()[0], new OutputDepth(), mayAsk);
  const lateMs: number[] = [];
  for (; place < recorded.length; place += 1) {
    output.read();
    // The first second belongs to the start.
    if (reading()[0] > 1_000) lateMs.push(reading()[0] - output.contextTimeAt(reading()[0]) * 1000 - reading()[5]);
  }
  place -= 1;
  return { output, lateMs, questions };
}

/** A context that has run for 10 s at 5000 ms of our clock, heard 40 ms late. */
const now = () => 5_000;
const context = (stamp: AudioTimestamp, more: Partial<OutputTimes> = {}): OutputTimes => ({
  currentTime: 10,
  outputLatency: 0.04,
  getOutputTimestamp: () => stamp,
  ...more,
});

describe('output clock', () => {
  it('uses the output timestamp', () => {
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

  it.each([
    ['is missing', {}],
    ['is zero', { outputLatency: 0 }],
  ])('assumes a latency where it %s, and states how wrong that may be', (_, stated) => {
    const bare: OutputTimes = { currentTime: 10, ...stated };
    const output = new OutputClock(bare, now);
    for (let count = 0; count < 5; count += 1) output.read();
    expect(output.contextTimeAt(5_000)).toBeCloseTo(9.925);
    expect(output.assumedDeviationMs).toBe(50);
  });

  it('is not affected by one misread timestamp', () => {
    const stamp = { contextTime: 9.95, performanceTime: 4_990 };
    const output = new OutputClock(context(stamp), now);
    for (let count = 0; count < 5; count += 1) output.read();
    stamp.contextTime = 9.91;
    output.read();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.95);
    output.forget();
    expect(output.contextTimeAt(4_990)).toBeCloseTo(9.91);
  });

  describe('in a browser that requests block after block', () => {
    let localMs: number;
    /** Error of the reported position at a moment. */
    let wrongMs: (atMs: number) => number;
    let lostMs: number;
    let output: OutputClock;
    const begin = (depth?: OutputDepth) =>
      new OutputClock(
        {
          get currentTime() {
            return blocks() * BLOCK_S;
          },
          getOutputTimestamp: () => {
            // When the last block was requested.
            const performanceTime = (blocks() - 1) * BLOCK_S * 1000 - BUFFER_MS + lostMs;
            const heardMs = performanceTime - lostMs + wrongMs(performanceTime);
            return { contextTime: heardMs / 1000, performanceTime };
          },
        },
        () => localMs,
        depth,
      );
    const blocks = () => Math.ceil((localMs - lostMs + BUFFER_MS) / 1000 / BLOCK_S);
    beforeEach(() => {
      localMs = 200;
      wrongMs = () => 0;
      lostMs = 0;
      output = begin();
    });

    /** The largest error from one time on, with readings until another. */
    function worstMs(fromMs: number, untilMs: number): number {
      let worst = 0;
      for (; localMs < untilMs; localMs += 100) {
        output.read();
        const errorMs = output.contextTimeAt(localMs) * 1000 - (localMs - lostMs);
        if (localMs >= fromMs) worst = Math.max(worst, Math.abs(errorMs));
      }
      return worst;
    }

    /** As PulseAudio's rate estimate: wrong at first, better with each update. */
    const swinging = (atMs: number) => {
      const asked = Math.floor(atMs / 1_500);
      return asked === 0 ? 3 - atMs / 250 : -8 * 0.64 ** asked * (1 + (atMs - asked * 1_500) / 1_500);
    };

    it('keeps the first report while reports swing, and then follows them again', () => {
      wrongMs = swinging;
      expect(Math.abs(swinging(1_500 + 1_400))).toBeGreaterThan(9);
      expect(worstMs(2_000, 10_000)).toBeLessThan(2.5);
      expect(worstMs(60_000, 70_000)).toBeLessThan(0.3);
    });

    it('detects lost sound at once, whatever is reported then', () => {
      expect(worstMs(0, 4_500)).toBeLessThan(0.1);
      lostMs = 45;
      wrongMs = (atMs) => 14 * Math.exp((4_500 - atMs) / 6_000);
      expect(worstMs(4_800, 12_000)).toBeLessThan(0.1);
      lostMs = 60;
      expect(worstMs(12_300, 20_000)).toBeLessThan(0.1);
      expect(worstMs(20_000, 80_000)).toBeLessThan(1.5);
    });

    it('starts with what was learned about the output before, when reports swing from the start', () => {
      const depth = new OutputDepth();
      output = begin(depth);
      worstMs(0, 15_000);
      output = begin(depth);
      const fromMs = localMs;
      wrongMs = (atMs) => (atMs - fromMs) / 100 - 19;
      expect(worstMs(fromMs, fromMs + 5_000)).toBeLessThan(0.1);
    });

    it('follows other headphones after a device change', () => {
      const depth = new OutputDepth();
      output = begin(depth);
      worstMs(0, 15_000);
      wrongMs = () => -180;
      depth.forget();
      worstMs(15_000, 17_500);
      expect(output.contextTimeAt(localMs) * 1000 - localMs).toBeCloseTo(-180);
    });
  });

  it('is not misled by a recorded start', () => {
    const { output, read } = recordedOutput(start as Recorded[]);
    const zeros = start.map(([, , contextTime, performanceTime]) => performanceTime! - contextTime! * 1000);
    // What it reports once it has settled.
    const trueZeroMs = median(zeros.slice(-30));
    let [reportedMs, estimatedMs] = [0, 0];
    read((atMs, place) => {
      if (atMs < 2_500) return;
      reportedMs = Math.max(reportedMs, Math.abs(zeros[place]! - trueZeroMs));
      estimatedMs = Math.max(estimatedMs, Math.abs(atMs - output.contextTimeAt(atMs) * 1000 - trueZeroMs));
    });
    expect(reportedMs).toBeGreaterThan(30);
    expect(estimatedMs).toBeLessThan(2);
  });

  it('does not take the scatter of the first readings for lost sound', () => {
    const { output, read } = recordedOutput(scatter as Recorded[]);
    // Its average report after settling; the card is fast by 250 ppm, 2.5 ms in the ten seconds before.
    const zeros = scatter.map(([, , contextTime, performanceTime]) => performanceTime! - contextTime! * 1000);
    const trueZeroMs = mean(zeros.slice(-50));
    const wrongMs: number[] = [];
    read((atMs) => {
      if (atMs > 2_000) wrongMs.push(Math.abs(atMs - output.contextTimeAt(atMs) * 1000 - trueZeroMs));
    });
    expect(quantile(wrongMs, 0.95)).toBeLessThan(4);
  });

  it('agrees with a recording of a sound card that stopped three times', () => {
    const { output, read } = recordedOutput(losses as Recorded[]);
    const errors: number[] = [];
    const heard = new Set<number>();
    read((atMs, place) => {
      const zeroMs = losses[place]![4];
      if (zeroMs === null || zeroMs === undefined) return;
      heard.add(Math.round(zeroMs));
      errors.push(Math.abs(atMs - output.contextTimeAt(atMs) * 1000 - zeroMs));
    });
    expect(Math.max(...heard) - Math.min(...heard)).toBeGreaterThan(190);
    expect(errors.length).toBeGreaterThan(250);
    expect(quantile(errors, 0.5)).toBeLessThan(0.5);
    expect(quantile(errors, 0.99)).toBeLessThan(1);
  });

  describe('in each engine, as recorded', () => {
    it('believes timestamps of Chromium', () => {
      const { output, lateMs } = statedOutput(chromium as Stated[]);
      expect(quantile(lateMs.map(Math.abs), 0.95)).toBeLessThan(2);
      expect(output.assumedDeviationMs).toBe(0);
    });

    it('does not believe timestamps of Firefox, which leave out the latency that it states', () => {
      const accountedMs = (firefox as Stated[]).map(([at, currentTime, contextTime, performanceTime]) => {
        return performanceTime - contextTime * 1000 - (at - currentTime * 1000);
      });
      // Its clock has steps of 1 ms.
      expect(Math.max(...accountedMs.map(Math.abs))).toBeLessThan(1.1);
      const { output, lateMs } = statedOutput(firefox as Stated[]);
      // The stated 33 ms begin where a block was rendered at the earliest.
      expect(Math.abs(median(lateMs))).toBeLessThan(12);
      expect(output.assumedDeviationMs).toBe(0);
    });

    it('asks Firefox on Linux nothing, and is off by less than it says', () => {
      const { output, lateMs, questions } = statedOutput(firefox as Stated[], false);
      expect(questions).toBe(0);
      expect(Math.max(...lateMs.map(Math.abs))).toBeLessThan(output.assumedDeviationMs);
      expect(Math.max(...lateMs.map(Math.abs))).toBeGreaterThan(5);
    });

    it('does not believe timestamps of WebKitGTK, which run ahead, and is off by less than it says', () => {
      const [first, last] = [webKitGtk[0]!, webKitGtk.at(-1)!];
      expect((last[3]! - first[3]!) / (last[0]! - first[0]!)).toBeCloseTo(2, 1);
      const { output, lateMs } = statedOutput(webKitGtk as Stated[]);
      expect(Math.max(...lateMs.map(Math.abs))).toBeLessThan(output.assumedDeviationMs);
    });

    it.each([
      ['Firefox', firefox, false],
      ['WebKitGTK', webKitGtk, true],
    ])('follows %s steadily, so that one calibration holds', (_, recorded, mayAsk) => {
      const { lateMs } = statedOutput(recorded as Stated[], mayAsk);
      const settled = lateMs.slice(-60);
      expect(spread(settled)).toBeLessThan(1);
    });
  });

  it('uses the latency when timestamps are wrong', () => {
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

  it('detects that a context stands still, and drops earlier readings', () => {
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
