import { describe, expect, it } from 'vitest';
import { Playhead, RATE_CHANGE_MAX } from '../providers/files/playhead';
import { seeded } from '../testing/random';
import { quantile } from '../util/numbers';
import { type Correction, Corrector } from './corrector';

const EVERY_MS = 100;

/** Repeats the same measurement; returns the first correction and its time. */
function first(corrector: Corrector, errorMs: number, deviationMs = 0.2, fromMs = 0): [Correction, number] | null {
  for (let atMs = fromMs; atMs < fromMs + 3_000; atMs += EVERY_MS) {
    const correction = corrector.take({ atMs, errorMs, deviationMs });
    if (correction !== null) return [correction, atMs - fromMs];
  }
  return null;
}

describe('corrector', () => {
  it('does nothing below half a millisecond', () => {
    expect(first(new Corrector(), 0.45)).toBeNull();
    expect(first(new Corrector(), -0.45)).toBeNull();
  });

  it('nudges a small error after half a second of measuring', () => {
    expect(first(new Corrector(), 2)).toEqual([{ kind: 'nudge', shiftMs: 2 }, 400]);
    expect(first(new Corrector(), -6)).toEqual([{ kind: 'nudge', shiftMs: -6 }, 400]);
  });

  it('jumps when a nudge would take too long', () => {
    expect(first(new Corrector(), 40)).toEqual([{ kind: 'jump' }, 200]);
    expect(first(new Corrector(), -9_000)).toEqual([{ kind: 'jump' }, 200]);
  });

  it('ignores errors within the measurement’s uncertainty', () => {
    expect(first(new Corrector(), 2.8, 3)).toBeNull();
    expect(first(new Corrector(), 20, 6)).toMatchObject([{ kind: 'nudge' }, 400]);
    expect(first(new Corrector(), 30, 6)).toMatchObject([{ kind: 'jump' }, 200]);
  });

  it('works with one measurement a second', () => {
    const corrector = new Corrector();
    const corrections = [1, 2, 3, 4, 5].map((s) => corrector.take({ atMs: s * 1_000, errorMs: 4, deviationMs: 0.2 }));
    expect(corrections).toEqual([null, null, null, null, { kind: 'nudge', shiftMs: 4 }]);
    corrector.forget();
    const jumps = [11, 12, 13].map((s) => corrector.take({ atMs: s * 1_000, errorMs: 40, deviationMs: 0.2 }));
    expect(jumps).toEqual([null, null, { kind: 'jump' }]);
  });

  it('is not affected by one bad measurement', () => {
    const corrector = new Corrector();
    for (let count = 0; count < 60; count += 1) {
      const errorMs = count % 5 === 4 ? 200 : 0.3;
      expect(corrector.take({ atMs: count * EVERY_MS, errorMs, deviationMs: 0.2 })).toBeNull();
    }
  });

  it('waits for the effect of a nudge', () => {
    const corrector = new Corrector();
    first(corrector, 3);
    corrector.nudged(3, 400, 2_400);
    for (let atMs = 500; atMs < 2_900; atMs += EVERY_MS) {
      expect(corrector.take({ atMs, errorMs: 3, deviationMs: 0.2 })).toBeNull();
    }
    expect(first(corrector, 2, 0.2, 2_900)).toMatchObject([{ kind: 'nudge' }, 400]);
  });

  it('overshoots for a sound card that drifts', () => {
    const corrector = new Corrector();
    corrector.nudged(1.1, 0, 2_000);
    expect(first(corrector, 1.1, 0.2, 10_000)![0]).toEqual({ kind: 'nudge', shiftMs: 1.1 + 0.3 });
    corrector.forget();
    expect(first(corrector, -1.1, 0.2, 20_000)![0]).toEqual({ kind: 'nudge', shiftMs: -1.1 });
  });

  it('jumps less and less often when jumps do not help', () => {
    const corrector = new Corrector();
    const jumps: number[] = [];
    for (let atMs = 0; atMs < 60_000; atMs += EVERY_MS) {
      if (corrector.take({ atMs, errorMs: 50, deviationMs: 0.2 })?.kind !== 'jump') continue;
      jumps.push(atMs);
      corrector.jumped(atMs);
    }
    expect(jumps.length).toBeLessThan(8);
    expect(jumps[1]! - jumps[0]!).toBeLessThan(2_000);
    expect(jumps.at(-1)! - jumps.at(-2)!).toBeGreaterThan(10_000);
  });

  it('jumps at once again after a calm period', () => {
    const corrector = new Corrector();
    corrector.jumped(0);
    corrector.jumped(2_000);
    corrector.jumped(60_000);
    expect(first(corrector, 50, 0.2, 62_000)).toEqual([{ kind: 'jump' }, 200]);
  });

  it('reports the current error', () => {
    const corrector = new Corrector();
    expect(corrector.errorMs).toBeNull();
    for (const [count, errorMs] of [0.1, 0.3, 90, 0.2, 0.4].entries()) {
      corrector.take({ atMs: count * EVERY_MS, errorMs, deviationMs: 0.2 });
    }
    expect(corrector.errorMs).toBe(0.3);
    corrector.forget();
    expect(corrector.errorMs).toBeNull();
  });
});

describe('corrector with a simulated sound card, ten minutes each', () => {
  const MINUTES = 10;
  const SETTLED_MS = 20_000;

  interface Card {
    ppm: number;
    noiseMs: number;
    /** The initial error, as after a misread latency. */
    beginsMs?: number;
    /** Drift per minute. */
    dropOutMs?: number;
  }

  function play({ ppm, noiseMs, beginsMs = 0, dropOutMs = 0 }: Card, seed: number) {
    const random = seeded(seed);
    const corrector = new Corrector();
    let playhead = new Playhead(0, 0);
    let lostMs = beginsMs;
    const errors: number[] = [];
    const shifts: number[] = [];
    let jumps = 0;
    let rateMax = 0;
    for (let atMs = 0; atMs < MINUTES * 60_000; atMs += EVERY_MS) {
      if (dropOutMs > 0 && atMs % 60_000 === 30_000) lostMs += dropOutMs;
      const contextTime = ((atMs - lostMs) / 1000) * (1 + ppm / 1e6);
      const errorMs = atMs - playhead.offsetAt(contextTime) * 1000;
      if (atMs > SETTLED_MS && atMs % 60_000 >= 20_000 && (dropOutMs === 0 || atMs % 60_000 < 30_000))
        errors.push(Math.abs(errorMs));
      const measured = errorMs + noiseMs * (random() + random() + random() - 1.5);
      const correction = corrector.take({ atMs, errorMs: measured, deviationMs: noiseMs / 4 });
      if (correction?.kind === 'nudge') {
        const nudge = playhead.nudge(correction.shiftMs / 1000, contextTime)!;
        rateMax = Math.max(rateMax, Math.abs(nudge.rate - 1));
        corrector.nudged(correction.shiftMs, atMs, atMs + (nudge.until - contextTime) * 1000);
        shifts.push(correction.shiftMs);
      } else if (correction?.kind === 'jump') {
        playhead = new Playhead(contextTime, atMs / 1000);
        corrector.jumped(atMs);
        jumps += 1;
      }
    }
    return { errors, shifts, jumps, rateMax };
  }

  it.each<[string, Card, number, number]>([
    ['an exact card', { ppm: 0, noiseMs: 0.3 }, 0.5, 2],
    ['+100 ppm', { ppm: 100, noiseMs: 0.3 }, 0.8, 80],
    ['-100 ppm', { ppm: -100, noiseMs: 0.3 }, 0.8, 80],
    ['+100 ppm, noisy', { ppm: 100, noiseMs: 3 }, 2, 80],
    ['noise only', { ppm: 0, noiseMs: 3 }, 1.2, 35],
    ['latency misread by 28 ms at the start', { ppm: 20, noiseMs: 0.3, beginsMs: -28 }, 0.8, 30],
    ['drop-outs of 8 ms', { ppm: 30, noiseMs: 0.3, dropOutMs: 8 }, 0.8, 60],
    ['drop-outs of 700 ms', { ppm: 30, noiseMs: 0.3, dropOutMs: 700 }, 0.8, 60],
  ])('%s', (name, card, p95Ms, nudgesMax) => {
    const runs = [1, 2, 3, 4].map((seed) => play(card, seed));
    const errors = runs.flatMap((run) => run.errors);
    const [median, p95] = [quantile(errors, 0.5), quantile(errors, 0.95)];
    const nudges = Math.max(...runs.map(({ shifts }) => shifts.length));
    const rateMax = Math.max(...runs.map((run) => run.rateMax));
    const reversals = Math.max(
      ...runs.map(({ shifts }) => shifts.filter((shift, index) => index > 0 && shift * shifts[index - 1]! < 0).length),
    );
    const jumps = Math.max(...runs.map((run) => run.jumps));
    console.log(
      `${name}: median ${median.toFixed(2)}, p95 ${p95.toFixed(2)} ms; in ten minutes ${nudges} nudges, ` +
        `${reversals} of them back, at most ${(100 * rateMax).toFixed(3)} %, ${jumps} jumps`,
    );
    expect(p95).toBeLessThan(p95Ms);
    expect(nudges).toBeLessThanOrEqual(nudgesMax);
    expect(rateMax).toBeLessThanOrEqual(RATE_CHANGE_MAX * (1 + 1e-4));
    expect(jumps).toBe(name.includes('700') ? MINUTES : name.includes('28 ms') ? 1 : 0);
    // No oscillation: drift is followed without overshooting.
    if (card.noiseMs < 1 && card.dropOutMs === undefined) expect(reversals).toBeLessThanOrEqual(1);
  });
});
