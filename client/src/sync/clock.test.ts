import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ServerClock } from './clock';

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

  async function answer(aheadMs = 5_000): Promise<void> {
    await vi.advanceTimersByTimeAsync(20);
    const serverMs = performance.now() - 10 + aheadMs;
    clock.answered({ t0: sent.at(-1)!, t1: serverMs, t2: serverMs });
  }

  it('sends bursts of eight serial probes, soon at first and then every ten seconds', async () => {
    clock.start();
    expect(sent).toHaveLength(1);
    for (let count = 0; count < 8; count += 1) await answer();
    expect(sent).toHaveLength(8);
    expect(ready).toBe(1);
    expect(clock.now() - performance.now()).toBeCloseTo(5_000);
    expect(clock.toLocal(clock.now())).toBeCloseTo(performance.now());
    for (const [burst, gapMs] of [2_000, 4_000, 8_000, 10_000, 10_000].entries()) {
      await vi.advanceTimersByTimeAsync(gapMs - 8 * 20 - 1);
      expect(sent).toHaveLength(8 * (burst + 1));
      await vi.advanceTimersByTimeAsync(1);
      for (let count = 0; count < 8; count += 1) await answer();
    }
  });

  it('continues slowly while the first burst is imprecise', async () => {
    const startedMs = performance.now();
    clock.start();
    let answered = 0;
    while (performance.now() < startedMs + 1_900) {
      if (sent.length > answered) await answer(5_000 + ((7 * answered++) % 17) - 8);
      else await vi.advanceTimersByTimeAsync(20);
    }
    expect(sent.length).toBeGreaterThan(8);
    // Sixteen at most at this rate, after the first eight.
    expect(sent.length).toBeLessThanOrEqual(24);
    expect(clock.deviationMs).toBeLessThan(1);
    // Then a serial burst again.
    await vi.advanceTimersByTimeAsync(startedMs + 2_000 - performance.now());
    const count = sent.length;
    for (let more = 0; more < 7; more += 1) await answer();
    expect(sent).toHaveLength(count + 7);
  });

  it('recognizes its probe when the last digit got lost', async () => {
    clock.start();
    await vi.advanceTimersByTimeAsync(20);
    clock.answered({ t0: sent[0]! + 1e-10, t1: 5_010, t2: 5_010 });
    expect(sent).toHaveLength(2);
    clock.answered({ t0: sent[1]! - 20, t1: 5_010, t2: 5_010 });
    expect(sent).toHaveLength(2);
  });

  it('gives up a lost probe and continues', async () => {
    clock.start();
    await vi.advanceTimersByTimeAsync(2_000);
    expect(sent).toHaveLength(2);
    clock.answered({ t0: sent[0]!, t1: 0, t2: 0 });
    expect(clock.uncertaintyMs).toBe(Number.POSITIVE_INFINITY);
  });

  it('shows the time roughly from the first frame of the server', () => {
    clock.hint(performance.now() + 9_000);
    expect(clock.now()).toBeCloseTo(performance.now() + 9_000);
    expect(clock.ready).toBe(false);
  });

  it('learns the time again with a whole burst when a clock has jumped', async () => {
    clock.start();
    for (let count = 0; count < 8; count += 1) await answer();
    await vi.advanceTimersByTimeAsync(2_000);
    sent = sent.slice(-1);
    for (let count = 0; count < 8; count += 1) {
      await answer(65_000);
      expect(clock.ready).toBe(count >= 4);
    }
    expect(sent).toHaveLength(8);
    expect(ready).toBe(2);
    expect(clock.now() - performance.now()).toBeCloseTo(65_000);
  });

  it('keeps the time through a reconnection', async () => {
    clock.start();
    for (let count = 0; count < 8; count += 1) await answer();
    clock.stop();
    clock.hint(0);
    expect(clock.ready).toBe(true);
    expect(clock.now() - performance.now()).toBeCloseTo(5_000);
  });
});
