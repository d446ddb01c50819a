import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { entry, playing, room } from '../../testing/fixtures';
import { Listener } from '../../testing/listener';
import { between, type World } from '../../testing/probing';
import type { SoundCardOptions } from '../../testing/sound-card';
import { median, quantile } from '../../util/numbers';

/** Whole devices in simulated environments, and how far apart they are really heard. */

const STEP_MS = 100;
const MINUTE_MS = 60_000;
const START_MS = 100_000;
const SEEDS = [1, 2, 3, 4];
const song = entry('a', 'ana', 600_000);
const wifi: World = { there: between(10, 30), back: between(10, 30) };

let listeners: Listener[];

beforeEach(async () => {
  vi.useFakeTimers();
  listeners = [];
  await vi.advanceTimersByTimeAsync(START_MS - performance.now());
});
afterEach(() => {
  for (const listener of listeners) listener.leaves();
  vi.useRealTimers();
});

function listener(world: World, card: SoundCardOptions = {}): Listener {
  const fresh = new Listener(world, card);
  listeners.push(fresh);
  return fresh;
}

const onTheAir = (fromMs = START_MS) => room({ now_playing: song, playback: playing('a', fromMs + 200) });

/** Freezes a page as browsers do: no timer fires and nothing arrives until it is thawed; then everything due does. */
function freezer(): { freeze: () => void; thaw: () => void } {
  let frozen = false;
  const due = new Set<() => void>();
  const { setTimeout: later, setInterval: again } = globalThis;
  const held = (call: () => void) => () => {
    if (frozen) due.add(call);
    else call();
  };
  vi.stubGlobal('setTimeout', (call: () => void, ms?: number) => later(held(call), ms));
  vi.stubGlobal('setInterval', (call: () => void, ms?: number) => again(held(call), ms));
  return {
    freeze: () => {
      frozen = true;
    },
    thaw: () => {
      frozen = false;
      for (const call of due) call();
      due.clear();
    },
  };
}

/** Runs until `untilMs` and collects what `look` returns. */
async function until(atMs: number, look: () => number | null): Promise<number[]> {
  const seen: number[] = [];
  while (performance.now() < atMs) {
    await vi.advanceTimersByTimeAsync(STEP_MS);
    const value = look();
    if (value !== null) seen.push(value);
  }
  return seen;
}

function figures(name: string, values: number[], more = ''): { median: number; p95: number; max: number } {
  const sizes = values.map(Math.abs);
  const [median, p95, max] = [0.5, 0.95, 1].map((share) => quantile(sizes, share)) as [number, number, number];
  console.log(`${name}: median ${median.toFixed(2)}, p95 ${p95.toFixed(2)}, max ${max.toFixed(2)} ms${more}`);
  return { median, p95, max };
}

function apart(a: Listener, b: Listener): number | null {
  const [lateA, lateB] = [a.lateMs(), b.lateMs()];
  return lateA === null || lateB === null ? null : lateA - lateB;
}

const saying = ({ nudges, jumps, rateMax }: ReturnType<Listener['corrections']>) =>
  `${nudges} nudges (at most ${(100 * rateMax).toFixed(3)} %), ${jumps} jumps`;

const corrections = (one: Listener) => `; ${saying(one.corrections())}`;

describe('two devices, as heard', () => {
  it.each<[string, [World, SoundCardOptions], [World, SoundCardOptions], number, number]>([
    [
      'no delay',
      [{ there: between(0, 1), back: between(0, 1) }, {}],
      [{ there: between(0, 1), back: between(0, 1) }, {}],
      0.5,
      1,
    ],
    ['20±10 ms, one clock skewed', [wifi, {}], [{ ...wifi, ppm: 80, behindMs: 7.2e6 }, { latencyMs: 90 }], 1, 3],
    ['20±10 ms, one card +100 ppm', [wifi, {}], [{ ...wifi }, { ppm: 100 }], 1, 3],
    ['20±10 ms, cards ±100 ppm', [wifi, { ppm: -100 }], [{ ...wifi }, { ppm: 100, noiseMs: 2 }], 1.3, 3],
    ['timestamps 10 ms off either way', [wifi, { noiseMs: 10 }], [{ ...wifi }, { noiseMs: 10 }], 2.5, 6],
  ])(
    '%s',
    async (name, first, second, medianMs, p95Ms) => {
      const offsets: number[] = [];
      const counts = { nudges: 0, jumps: 0, rateMax: 0 };
      for (const seed of SEEDS) {
        const startMs = performance.now();
        const pair = [first, second].map(([world, card], which) => {
          return listener({ ...world, seed: 2 * seed + which }, { ...card, seed: 2 * seed + which });
        });
        const [a, b] = pair as [Listener, Listener];
        for (const one of pair) one.enters(onTheAir(startMs));
        await until(startMs + 10_000, () => null);
        offsets.push(...(await until(startMs + 2 * MINUTE_MS, () => apart(a, b))));
        for (const one of pair) {
          const { nudges, jumps, rateMax } = one.corrections();
          counts.nudges = Math.max(counts.nudges, nudges);
          counts.jumps += jumps;
          counts.rateMax = Math.max(counts.rateMax, rateMax);
          one.leaves();
        }
      }
      const { median, p95 } = figures(name, offsets, `; ${saying(counts)}`);
      expect(median).toBeLessThan(medianMs);
      expect(p95).toBeLessThan(p95Ms);
      expect(counts.rateMax).toBeLessThanOrEqual(0.003 * (1 + 1e-4));
      expect(counts.jumps).toBe(0);
      expect(counts.nudges).toBeLessThan(30);
    },
    30_000,
  );

  it('on a 40/5 ms path are apart by half the difference until calibrated', async () => {
    const [a, b] = [
      listener({ there: between(1, 2), back: between(1, 2) }),
      listener({ there: between(40, 42), back: between(5, 7) }),
    ];
    for (const one of [a, b]) one.enters(onTheAir());
    await until(START_MS + 10_000, () => null);
    figures('40/5 ms, not calibrated', await until(START_MS + 30_000, () => apart(a, b)));
    // Its clock is ahead, so it plays early, as an uncalibrated output would be late.
    b.calibrationMs = -17.5;
    await until(START_MS + 40_000, () => null);
    const { p95 } = figures(
      '40/5 ms, calibrated',
      await until(START_MS + 2 * MINUTE_MS, () => apart(a, b)),
      corrections(b),
    );
    expect(p95).toBeLessThan(3);
  }, 30_000);
});

describe('one device', () => {
  it('whose browser does not tell its latency is off by less than it says, and in sync once calibrated', async () => {
    const one = listener(wifi, { silent: true, latencyMs: 40 });
    one.enters(onTheAir());
    await until(START_MS + 10_000, () => null);
    const before = await until(START_MS + 30_000, () => one.lateMs());
    expect(Math.min(...before.map(Math.abs))).toBeGreaterThan(5);
    expect(Math.max(...before.map(Math.abs))).toBeLessThan(one.player.deviationMs!);
    expect(one.player.assumesLatency).toBe(true);
    one.calibrationMs = median(before);
    await until(START_MS + 40_000, () => null);
    const { p95 } = figures(
      'calibrated without a latency',
      await until(START_MS + 2 * MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(3);
    expect(one.player.deviationMs).toBeLessThan(2);
  }, 30_000);

  it('does not keep a latency misread at the start', async () => {
    const one = listener(wifi, { latencyMs: 36, saidLatencyMs: (localMs) => (localMs < START_MS + 1_200 ? 64 : 36) });
    one.enters(onTheAir());
    const first = await until(START_MS + 1_000, () => one.lateMs());
    expect(Math.abs(first.at(-1)!)).toBeGreaterThan(20);
    await until(START_MS + 4_000, () => null);
    const { p95 } = figures(
      'latency misread at the start',
      await until(START_MS + MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(5);
    expect(one.corrections().jumps).toBe(1);
  }, 30_000);

  it('is within 5 ms two seconds after it stalled for a second', async () => {
    const one = listener(wifi, { dropOuts: [{ fromMs: START_MS + 20_000, forMs: 1_000 }] });
    one.enters(onTheAir());
    await until(START_MS + 20_900, () => null);
    expect(one.player.errorMs).toBeGreaterThan(300);
    expect(one.player.status()!.error_ms).toBeGreaterThan(300);
    await until(START_MS + 23_000, () => null);
    const { p95 } = figures(
      'after a stall of 1 s',
      await until(START_MS + MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(5);
    expect(one.corrections().jumps).toBe(1);
  }, 30_000);

  it('corrects small drop-outs without a jump', async () => {
    const dropOuts = [1, 2, 3].map((count) => ({ fromMs: START_MS + count * 15_000, forMs: 6 }));
    const one = listener(wifi, { dropOuts });
    one.enters(onTheAir());
    await until(START_MS + 10_000, () => null);
    const { median, max } = figures(
      'three drop-outs of 6 ms',
      await until(START_MS + MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(median).toBeLessThan(1.5);
    expect(max).toBeLessThan(10);
    expect(one.corrections().jumps).toBe(0);
  }, 30_000);

  it('joins in mid-track, and is within 5 ms two seconds later', async () => {
    const one = listener({ ...wifi, ppm: -60, behindMs: -5e6 }, { ppm: 50 });
    await until(START_MS + 45_000, () => null);
    one.enters(onTheAir());
    await until(START_MS + 47_000, () => null);
    const { p95 } = figures('after a late join', await until(START_MS + 75_000, () => one.lateMs()), corrections(one));
    expect(p95).toBeLessThan(5);
  }, 30_000);

  it('is in sync again two seconds after its machine slept for ten', async () => {
    const one = listener({ ...wifi, sleep: { fromMs: START_MS + 20_000, forMs: 10_000 } });
    one.enters(onTheAir());
    await until(START_MS + 30_000, () => null);
    one.wakes();
    await until(START_MS + 32_000, () => null);
    const { p95 } = figures(
      'after a sleep of 10 s',
      await until(START_MS + MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(5);
  }, 30_000);

  it.each([
    ['while its sound went on', []],
    ['and its sound with it', [{ fromMs: START_MS + 20_000, forMs: 30_000 }]],
  ])(
    'is right again two seconds after its page was frozen for half a minute, %s',
    async (_, dropOuts) => {
      const page = freezer();
      const one = listener(wifi, { ppm: 80, dropOuts });
      one.enters(onTheAir());
      await until(START_MS + 20_000, () => null);
      page.freeze();
      await until(START_MS + 50_000, () => null);
      page.thaw();
      one.wakes();
      await until(START_MS + 52_000, () => null);
      const { p95 } = figures(
        'after a frozen page',
        await until(START_MS + MINUTE_MS + 20_000, () => one.lateMs()),
        corrections(one),
      );
      expect(p95).toBeLessThan(5);
      vi.unstubAllGlobals();
    },
    30_000,
  );

  it('returns to its position after its context was suspended', async () => {
    const one = listener(wifi);
    one.enters(onTheAir());
    await until(START_MS + 10_000, () => null);
    one.card.becomes('suspended');
    expect(one.player.status()).toBeNull();
    await until(START_MS + 15_000, () => null);
    one.wakes();
    await until(START_MS + 17_000, () => null);
    const { p95 } = figures(
      'after a suspension of 5 s',
      await until(START_MS + 40_000, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(5);
  }, 30_000);

  it('does not correct its own noise with 100 ms of jitter', async () => {
    const one = listener({ there: between(20, 120), back: between(20, 120) });
    one.enters(onTheAir());
    await until(START_MS + 10_000, () => null);
    const { p95 } = figures(
      '100 ms of jitter',
      await until(START_MS + 4 * MINUTE_MS, () => one.lateMs()),
      corrections(one),
    );
    expect(p95).toBeLessThan(15);
    const { nudges, jumps } = one.corrections();
    expect(nudges).toBeLessThan(20);
    expect(jumps).toBeLessThan(3);
  }, 30_000);

  it('reports its true error', async () => {
    const one = listener({ there: between(1, 2), back: between(1, 2) }, { ppm: 100 });
    one.enters(onTheAir());
    await until(START_MS + 5_000, () => null);
    const differences = await until(START_MS + MINUTE_MS, () => one.player.status()!.error_ms - one.lateMs()!);
    expect(figures('said less true error', differences).p95).toBeLessThan(0.6);
  }, 30_000);
});
