import { describe, expect, it } from 'vitest';
import { seeded } from '../testing/random';
import { quantile } from '../util/numbers';
import { type Beat, calibrationFrom, measureTaps, TAPS_MIN, type TapMeasurement } from './tapping';

const beat: Beat = { firstMs: 1_000, periodMs: 700 };

/** Taps of a user who is this late with this scatter. */
function taps(count: number, lateMs: number, handMs = 0, random = seeded(1)): number[] {
  const normal = () => random() + random() + random() + random() - 2;
  return Array.from(
    { length: count },
    (_, index) => beat.firstMs + index * beat.periodMs + lateMs + 1.73 * handMs * normal(),
  );
}

describe('tapping along', () => {
  it('measures how late the taps are', () => {
    const tapping = measureTaps(beat, taps(16, 120))!;
    expect(tapping).toMatchObject({ kept: 14, rejected: 0 });
    expect(tapping.offset_ms).toBeCloseTo(120);
    expect(tapping.spread_ms).toBeCloseTo(0);
  });

  it.each([-80, -10, 0, 60, 250, 340, 400, 500])('distinguishes early from late: %i ms', (lateMs) => {
    expect(measureTaps(beat, taps(20, lateMs, 20))!.offset_ms).toBeGreaterThan(lateMs - 15);
    expect(measureTaps(beat, taps(20, lateMs, 20))!.offset_ms).toBeLessThan(lateMs + 15);
  });

  it('tolerates missed beats, slips and double taps', () => {
    const hand = taps(24, 90, 12);
    const missed = hand.filter((_, index) => index !== 7 && index !== 12);
    missed[9]! += 230;
    missed[15]! -= 180;
    const bounced = [...missed, missed[3]! + 40, missed[18]! + 25];
    const tapping = measureTaps(beat, bounced)!;
    expect(tapping.rejected).toBe(2);
    expect(Math.abs(tapping.offset_ms - 90)).toBeLessThan(10);
  });

  it('requires enough taps', () => {
    expect(measureTaps(beat, taps(TAPS_MIN + 1, 50))).toBeNull();
    expect(measureTaps(beat, taps(TAPS_MIN + 2, 50))).not.toBeNull();
    expect(measureTaps(beat, [])).toBeNull();
  });

  it('rejects taps that do not follow the beat', () => {
    const random = seeded(3);
    expect(
      measureTaps(
        beat,
        Array.from({ length: 30 }, (_, index) => index * 811 + 600 * random()),
      ),
    ).toBeNull();
  });

  it('states its uncertainty: two deviations cover nine of ten of 200 users', () => {
    const within = Array.from({ length: 200 }, (_, person) => {
      const { offset_ms, error_ms } = measureTaps(beat, taps(22, 150, 25, seeded(person + 1)))!;
      return { isWithin: Math.abs(offset_ms - 150) < 2 * error_ms, error: Math.abs(offset_ms - 150) };
    });
    const errors = within.map(({ error }) => error);
    console.log(
      `20 taps of a hand steady to 25 ms: median ${quantile(errors, 0.5).toFixed(1)}, p95 ${quantile(errors, 0.95).toFixed(1)} ms`,
    );
    expect(within.filter(({ isWithin }) => isWithin).length).toBeGreaterThan(170);
    expect(quantile(errors, 0.95)).toBeLessThan(18);
  });
});

describe('calibration by tapping', () => {
  const tapping = (offset_ms: number, error_ms: number): TapMeasurement => ({
    offset_ms,
    error_ms,
    spread_ms: 20,
    kept: 20,
    rejected: 0,
  });

  it('cancels habit by comparison with a reference device', () => {
    const { offset_ms, error_ms } = calibrationFrom(tapping(115, 6), tapping(-35, 8));
    expect(offset_ms).toBe(150);
    expect(error_ms).toBeCloseTo(10);
  });

  it('includes habit in the uncertainty without a reference', () => {
    expect(calibrationFrom(tapping(115, 6), null)).toEqual({ offset_ms: 115, error_ms: Math.hypot(6, 30) });
  });
});
