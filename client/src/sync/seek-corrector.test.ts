import { describe, expect, it } from 'vitest';
import { SeekCorrector } from './seek-corrector';

/** Feeds one measurement a second; returns the seconds at which it seeks. */
function seeks(errors: (second: number) => number, seconds: number, corrector = new SeekCorrector()): number[] {
  const sought: number[] = [];
  for (let second = 0; second < seconds; second += 1) {
    if (!corrector.take({ atMs: second * 1000, errorMs: errors(second) })) continue;
    corrector.seeked(second * 1000);
    sought.push(second);
  }
  return sought;
}

describe('seek corrector', () => {
  it('ignores errors within the dead band', () => {
    expect(seeks(() => 240, 60)).toEqual([]);
    expect(seeks(() => -240, 60)).toEqual([]);
  });

  it('seeks once it has seen an error three times', () => {
    let error = 600;
    const corrector = new SeekCorrector();
    const sought = seeks(
      (second) => {
        if (second === 3) error = 20;
        return error;
      },
      60,
      corrector,
    );
    expect(sought).toEqual([2]);
    expect(corrector.errorMs).toBe(20);
  });

  it('ignores scatter', () => {
    expect(seeks((second) => (second % 2 === 0 ? 500 : -100), 60)).toEqual([]);
    expect(seeks((second) => (second === 10 ? 5_000 : 10), 60)).toEqual([]);
  });

  it('waits longer and longer when seeks do not help', () => {
    expect(seeks(() => 900, 300)).toEqual([2, 12, 32, 72, 152, 272]);
  });

  it('has no measurements after forgetting', () => {
    const corrector = new SeekCorrector();
    for (const atMs of [0, 1000]) corrector.take({ atMs, errorMs: 900 });
    corrector.forget();
    expect(corrector.errorMs).toBeNull();
    expect(corrector.take({ atMs: 2000, errorMs: 900 })).toBe(false);
  });
});
