export interface Age {
  value: number;
  unit: 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year';
}

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** Each unit, and up to when it is used. */
const UNITS: [Age['unit'], number, number][] = [
  ['minute', MINUTE_MS, HOUR_MS],
  ['hour', HOUR_MS, DAY_MS],
  ['day', DAY_MS, 14 * DAY_MS],
  ['week', 7 * DAY_MS, 60 * DAY_MS],
  ['month', 30.44 * DAY_MS, 730 * DAY_MS],
  ['year', 365.25 * DAY_MS, Number.POSITIVE_INFINITY],
];

/**
 * How long ago something was, as one round number; `null` when it is less than `justNowMs` ago, or ahead of this
 * device's clock.
 */
export function ageOf(atMs: number, nowMs: number, justNowMs: number): Age | null {
  const agoMs = nowMs - atMs;
  if (agoMs < justNowMs) return null;
  const [unit, unitMs] = UNITS.find(([, , untilMs]) => agoMs < untilMs)!;
  return { value: Math.max(1, Math.floor(agoMs / unitMs)), unit };
}
