import { median, spread } from '../util/numbers';

/**
 * Measures how much later a device is heard than its browser reports, from a user's taps along with its clicks. Pure.
 * The user's habit (most tap a little early) and the latency of touch input are in every tap; tapping along with a
 * reference device as well cancels both.
 */

/** The clicks as the device believes they are heard, on any steady clock. */
export interface Beat {
  firstMs: number;
  /** At least half a second: with a shorter period late and early are ambiguous. */
  periodMs: number;
}

export interface TapMeasurement {
  /** How much later the taps are than the beats. */
  offset_ms: number;
  /** Scatter of the taps: one standard deviation. */
  spread_ms: number;
  /** Uncertainty of the offset from scatter: one standard deviation. */
  error_ms: number;
  kept: number;
  rejected: number;
}

export interface TapCalibration {
  offset_ms: number;
  error_ms: number;
}

/** Users need a few taps to find the beat. */
const SETTLING_TAPS = 2;
export const TAPS_MIN = 8;
/** Taps closer together than this share of the period are one tap, registered twice. */
const BOUNCE_SHARE = 0.3;
/** Minimum concentration of taps on the beat; 1 is perfect. */
const TOGETHERNESS_MIN = 0.7;
/** No user anticipates a known beat by more than this; an earlier tap is late for the beat before. */
const EARLY_MS_MAX = 150;
/** A tap further off than this many deviations, and than a steady hand's scatter, is rejected. */
const SLIP_DEVIATIONS = 3;
const SLIP_MS_MIN = 40;
/** Uncertainty from habit and touch latency when there is no reference. */
const PERSON_MS = 30;

/** `null`: too few taps, or not on the beat. */
export function measureTaps({ firstMs, periodMs }: Beat, tapsMs: readonly number[]): TapMeasurement | null {
  const taps = withoutBounces(tapsMs, periodMs * BOUNCE_SHARE).slice(SETTLING_TAPS);
  if (taps.length < TAPS_MIN) return null;
  const around = centre(
    taps.map((tap) => tap - firstMs),
    periodMs,
  );
  if (around === null) return null;
  const late = taps.map((tap) => around + wrapped(tap - firstMs - around, periodMs));
  const middle = median(late);
  const allowed = Math.max(SLIP_MS_MIN, SLIP_DEVIATIONS * spread(late));
  const kept = late.filter((value) => Math.abs(value - middle) <= allowed);
  if (kept.length < TAPS_MIN) return null;
  const spread_ms = spread(kept);
  return {
    offset_ms: median(kept),
    spread_ms,
    // The standard error of a median is 1.25 times that of a mean.
    error_ms: (1.2533 * spread_ms) / Math.sqrt(kept.length),
    kept: kept.length,
    rejected: late.length - kept.length,
  };
}

/** The calibration to store, from taps along with this device and, better, also with a reference device. */
export function calibrationFrom(own: TapMeasurement, reference: TapMeasurement | null): TapCalibration {
  if (reference === null) return { offset_ms: own.offset_ms, error_ms: Math.hypot(own.error_ms, PERSON_MS) };
  return { offset_ms: own.offset_ms - reference.offset_ms, error_ms: Math.hypot(own.error_ms, reference.error_ms) };
}

function withoutBounces(tapsMs: readonly number[], apartMs: number): number[] {
  const kept: number[] = [];
  for (const tap of [...tapsMs].sort((a, b) => a - b)) if (tap - (kept.at(-1) ?? -Infinity) >= apartMs) kept.push(tap);
  return kept;
}

/** Circular mean of the taps within the period, between early and a whole period late. */
function centre(afterMs: number[], periodMs: number): number | null {
  const angles = afterMs.map((ms) => (2 * Math.PI * ms) / periodMs);
  const x = angles.reduce((sum, angle) => sum + Math.cos(angle), 0) / angles.length;
  const y = angles.reduce((sum, angle) => sum + Math.sin(angle), 0) / angles.length;
  if (Math.hypot(x, y) < TOGETHERNESS_MIN) return null;
  const ms = (Math.atan2(y, x) / (2 * Math.PI)) * periodMs;
  return ms < -EARLY_MS_MAX ? ms + periodMs : ms;
}

function wrapped(ms: number, periodMs: number): number {
  return ms - periodMs * Math.round(ms / periodMs);
}
