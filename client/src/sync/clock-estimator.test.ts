import { describe, expect, it } from 'vitest';
import { between, type Estimated, estimateIn, queueing, type World } from '../testing/probing';
import { quantile } from '../util/numbers';
import { ClockEstimator } from './clock-estimator';

/** A server whose clock is `ahead` of ours, `there` and `back` milliseconds away. */
function probe(estimator: ClockEstimator, at: number, ahead: number, there: number, back: number): boolean {
  const arrived = at + there + ahead;
  return estimator.add({ t0: at, t1: arrived, t2: arrived + 1, t3: at + there + 1 + back });
}

describe('clock estimator', () => {
  it('is exact on a symmetric path', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 7_200_000, 20, 20);
    const { clock_offset_ms, uncertainty_ms } = estimator.estimateAt(400)!;
    expect(clock_offset_ms).toBeCloseTo(7_200_000, 6);
    expect(uncertainty_ms).toBeGreaterThan(20);
    expect(uncertainty_ms).toBeLessThan(21);
  });

  it('combines the fastest outbound and inbound delays of different probes', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, at % 2 ? 10 : 55, at % 2 ? 70 : 10);
    expect(estimator.estimateAt(400)?.clock_offset_ms).toBeCloseTo(1_000, 1);
  });

  it('is wrong by half the asymmetry, within its stated bound', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, 40, 5);
    const { clock_offset_ms, uncertainty_ms } = estimator.estimateAt(400)!;
    expect(clock_offset_ms - 1_000).toBeCloseTo(17.5);
    expect(uncertainty_ms).toBeGreaterThan(17.5);
  });

  it('forgets everything when a clock has jumped', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) expect(probe(estimator, at * 50, 1_000, 10, 10)).toBe(false);
    expect(probe(estimator, 500, 61_000, 10, 10)).toBe(true);
    expect(estimator.estimateAt(500)?.clock_offset_ms).toBeCloseTo(61_000);
    expect(estimator.samples).toBe(1);
  });

  it('does not take a longer path for another time', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, 10, 10);
    for (let at = 0; at < 8; at += 1) expect(probe(estimator, 10_000 + at * 200, 1_000, 150, 30)).toBe(false);
    expect(estimator.estimateAt(12_000)?.clock_offset_ms).toBeCloseTo(1_000, 0);
  });

  it('keeps the time when the path changes, with a wider bound', () => {
    const estimator = new ClockEstimator();
    for (let at = 0; at < 8; at += 1) probe(estimator, at * 50, 1_000, 40, 40);
    estimator.forgetPath();
    const { clock_offset_ms, uncertainty_ms } = estimator.estimateAt(5_000)!;
    expect(clock_offset_ms).toBeCloseTo(1_000);
    expect(uncertainty_ms).toBeGreaterThan(40);
    for (let at = 0; at < 8; at += 1) expect(probe(estimator, 6_000 + at * 5, 1_002, 1, 1)).toBe(false);
    expect(estimator.estimateAt(6_100)?.clock_offset_ms).toBeCloseTo(1_002, 1);
  });

  it('knows nothing before the first probe', () => {
    expect(new ClockEstimator().estimateAt(0)).toBeNull();
  });
});

describe('clock estimator in five minutes of simulated networks, over eight seeds', () => {
  const SEEDS = [1, 2, 3, 4, 5, 6, 7, 8];
  const SETTLED_MS = 60_000;
  const steady = (ms: number) => between(ms, ms + 2);

  function run(world: World): Estimated[] {
    return SEEDS.flatMap((seed) => estimateIn({ ...world, seed }));
  }

  function errors(name: string, looked: Estimated[], fromMs = SETTLED_MS): { median: number; p95: number } {
    const sizes = looked.filter(({ atMs }) => atMs >= fromMs).map(({ errorMs }) => Math.abs(errorMs));
    const [median, p95, max] = [0.5, 0.95, 1].map((share) => quantile(sizes, share)) as [number, number, number];
    console.log(`${name}: median ${median.toFixed(2)}, p95 ${p95.toFixed(2)}, max ${max.toFixed(2)} ms`);
    return { median, p95 };
  }

  it.each<[string, World, number, number]>([
    ['a LAN', { there: between(1, 1.5), back: between(1, 1.5) }, 0.02, 0.05],
    ['20±10 ms', { there: between(10, 30), back: between(10, 30) }, 0.3, 1],
    [
      '20±10 ms, clock 2 h off and +100 ppm',
      { there: between(10, 30), back: between(10, 30), ppm: 100, behindMs: 7.2e6 },
      0.3,
      1,
    ],
    [
      '20±10 ms, clock 2 h off and -100 ppm',
      { there: between(10, 30), back: between(10, 30), ppm: -100, behindMs: -7.2e6 },
      0.3,
      1,
    ],
    ['100 ms of jitter each way', { there: between(20, 120), back: between(20, 120) }, 1.1, 4],
    ['queues on both ways, 50 ms on average', { there: queueing(20, 50), back: queueing(20, 50) }, 0.6, 2.2],
    ['queues on one way, 50 ms on average', { there: queueing(20, 50), back: steady(20) }, 0.2, 1.2],
    ['20±10 ms, 30 % lost', { there: between(10, 30), back: between(10, 30), lostShare: 0.3 }, 0.4, 1.3],
  ])(
    '%s',
    (name, world, medianMs, p95Ms) => {
      const { median, p95 } = errors(name, run(world));
      expect(median).toBeLessThan(medianMs);
      expect(p95).toBeLessThan(p95Ms);
    },
    20_000,
  );

  it('with asymmetry steps of 30 % on a path of constant length is wrong by half the difference at most', () => {
    const isTilted = (atMs: number) => atMs % 60_000 >= 30_000;
    const world: World = {
      there: (atMs, random) => (isTilted(atMs) ? 39 : 30) + 2 * random(),
      back: (atMs, random) => (isTilted(atMs) ? 21 : 30) + 2 * random(),
    };
    const looked = run(world);
    expect(errors('asymmetry steps, equally long', looked).p95).toBeLessThan(9);
    expect(looked.every(({ errorMs, uncertaintyMs }) => Math.abs(errorMs) < uncertaintyMs)).toBe(true);
  }, 20_000);

  it('is hardly affected when one direction is 30 % of the round trip longer every other half minute', () => {
    const world: World = {
      there: (atMs, random) => (atMs % 60_000 >= 30_000 ? 48 : 30) + 2 * random(),
      back: steady(30),
    };
    expect(errors('one way longer for a while', run(world)).p95).toBeLessThan(0.5);
  }, 20_000);

  it('does not see a constant asymmetry, but bounds it', () => {
    const looked = run({ there: steady(40), back: steady(5) });
    expect(errors('40/5 ms', looked).median).toBeGreaterThan(17);
    expect(looked.every(({ errorMs, uncertaintyMs }) => Math.abs(errorMs) < uncertaintyMs)).toBe(true);
  }, 20_000);

  it('is right again with the first burst after a sleep of 10 s', () => {
    const sleep = { fromMs: 125_000, forMs: 10_000 };
    const looked = run({ there: between(10, 30), back: between(10, 30), ppm: 50, sleep });
    const after = looked.filter(({ atMs }) => atMs > 142_000 && atMs < 150_000);
    expect(after.length).toBeGreaterThan(0);
    expect(errors('just after a sleep of 10 s', after, 0).p95).toBeLessThan(4.5);
    expect(errors('a minute after it', looked, 200_000).p95).toBeLessThan(1.5);
  }, 20_000);

  it('knows its own deviation: most errors are within two of them', () => {
    const looked = run({ there: between(10, 30), back: between(10, 30), ppm: 100 }).filter(
      ({ atMs }) => atMs > SETTLED_MS,
    );
    const within =
      looked.filter(({ errorMs, deviationMs }) => Math.abs(errorMs) < 2 * deviationMs).length / looked.length;
    console.log(`within two deviations: ${(100 * within).toFixed(1)} %`);
    expect(within).toBeGreaterThan(0.9);
  }, 20_000);
});
