import { median, spread } from '../util/numbers';

/**
 * How much later a device is heard than its browser knows, found by somebody who taps along with its clicks. Pure: beats
 * and taps in, figures out. A person's habit (most tap a little early) and the time a touch takes to arrive are in every
 * tap; tapping along with a device that is known to be right as well takes both out again.
 */

/** Clicks, as the device believes that they are heard; any steady clock. */
export interface Beat {
  firstMs: number;
  /** At least half a second: with a shorter one nobody can tell late from early. */
  periodMs: number;
}

export interface TapMeasurement {
  /** Taps are that much later than the beats. */
  offset_ms: number;
  /** How far the taps lie apart: one standard deviation. */
  spread_ms: number;
  /** How far the offset may be off, as far as chance goes: one standard deviation. */
  error_ms: number;
  kept: number;
  rejected: number;
}

export interface TapCalibration {
  offset_ms: number;
  error_ms: number;
}

/** It takes a moment to find the beat. */
const SETTLING_TAPS = 2;
export const TAPS_MIN = 8;
/** A finger does not come back so soon: the same tap, twice. */
const BOUNCE_SHARE = 0.3;
/** Taps all over the period are no tapping along; 1 would be a machine. */
const TOGETHERNESS_MIN = 0.7;
/** Nobody taps earlier than this before a beat that they know; what looks like it is late for the one before. */
const EARLY_MS_MAX = 150;
/** A tap further off than so many deviations, and than any steady hand's, was a slip. */
const SLIP_DEVIATIONS = 3;
const SLIP_MS_MIN = 40;
/** By how much habit and touch may be off when there is nothing to compare with. */
const PERSON_MS = 30;

/** `null`: too few taps, or not with the beat. */
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
    // A median is a quarter less certain than a mean.
    error_ms: (1.2533 * spread_ms) / Math.sqrt(kept.length),
    kept: kept.length,
    rejected: late.length - kept.length,
  };
}

/** What to store, from tapping along with this device and, better, also with one that is right. */
export function calibrationFrom(own: TapMeasurement, reference: TapMeasurement | null): TapCalibration {
  if (reference === null) return { offset_ms: own.offset_ms, error_ms: Math.hypot(own.error_ms, PERSON_MS) };
  return { offset_ms: own.offset_ms - reference.offset_ms, error_ms: Math.hypot(own.error_ms, reference.error_ms) };
}

function withoutBounces(tapsMs: readonly number[], apartMs: number): number[] {
  const kept: number[] = [];
  for (const tap of [...tapsMs].sort((a, b) => a - b)) if (tap - (kept.at(-1) ?? -Infinity) >= apartMs) kept.push(tap);
  return kept;
}

/** Where in the period taps gather, on the circle that it is; between early and a whole period late. */
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
