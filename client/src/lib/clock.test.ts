import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ClockEstimator, median, ServerClock } from './clock';

/** A server that is `ahead` of us, `there` and `back` milliseconds away. */
function probe(estimator: ClockEstimator, at: number, ahead: number, there: number, back: number): void {
  const arrived = at + there + ahead;
  estimator.add({ t0: at, t1: arrived, t2: arrived + 1, t3: at + there + 1 + back });
}

describe('clock estimator', () => {
  it('is exact when the way there is as long as the way back', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 7_200_000, 20, 20);
    expect(estimator.estimate()).toEqual({ clock_offset_ms: 7_200_000, uncertainty_ms: 20 });
  });

  it('listens to the probes with the shortest way', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 16; at += 1) probe(estimator, at * 50, 1_000, 10 + (at % 4) * 15, 10);
    expect(estimator.estimate()?.clock_offset_ms).toBeCloseTo(1_000, 6);
  });

  it('is wrong by half of what the ways differ, and says how wrong it may be', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, 40, 5);
    const { clock_offset_ms, uncertainty_ms } = estimator.estimate()!;
    expect(clock_offset_ms - 1_000).toBeCloseTo(17.5);
    expect(uncertainty_ms).toBeGreaterThan(17.5);
  });

  it('forgets everything when a clock has jumped', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, 10, 10);
    probe(estimator, 500, 61_000, 10, 10);
    expect(estimator.estimate()?.clock_offset_ms).toBeCloseTo(61_000);
    expect(estimator.samples).toBe(1);
  });

  it('knows nothing before the first probe', () => {
    expect(new ClockEstimator().estimate()).toBeNull();
  });
});

describe('server clock', () => {
  let sent: number[];
  let ready: number;
  let clock: ServerClock;
  beforeEach(() => {
    vi.useFakeTimers();
    sent = [];
    ready = 0;
    clock = new ServerClock(
      (t0) => sent.push(t0) > 0,
      () => performance.now(),
      () => {
        ready += 1;
      },
    );
  });
  afterEach(() => {
    clock.stop();
    vi.useRealTimers();
  });

  async function answer(): Promise<void> {
    await vi.advanceTimersByTimeAsync(20);
    const serverMs = performance.now() - 10 + 5_000;
    clock.answered({ t0: sent.at(-1)!, t1: serverMs, t2: serverMs });
  }

  it('probes eight times, one after the other, and again after ten seconds', async () => {
    clock.start();
    expect(sent).toHaveLength(1);
    for (let count = 0; count < 8; count += 1) await answer();
    expect(sent).toHaveLength(8);
    expect(ready).toBe(1);
    expect(clock.now() - performance.now()).toBeCloseTo(5_000);
    expect(clock.toLocal(clock.now())).toBeCloseTo(performance.now());
    await vi.advanceTimersByTimeAsync(10_000);
    expect(sent).toHaveLength(9);
  });

  it('gives a lost probe up and goes on', async () => {
    clock.start();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(2);
    clock.answered({ t0: sent[0]!, t1: 0, t2: 0 });
    expect(clock.uncertaintyMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('shows the time roughly from the first word of the server', () => {
    clock.hint(performance.now() + 9_000);
    expect(clock.now()).toBeCloseTo(performance.now() + 9_000);
    expect(clock.ready).toBe(false);
  });
});

it('takes the middle', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});
