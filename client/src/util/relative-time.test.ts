import { expect, it } from 'vitest';
import { ageOf } from './relative-time';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const ago = (ms: number) => {
  const age = ageOf(-ms, 0, 10 * MINUTE);
  return age === null ? 'now' : `${age.value} ${age.unit}`;
};

it('uses the largest fitting unit', () => {
  expect([10 * MINUTE, 59 * MINUTE, HOUR, 23 * HOUR].map(ago)).toEqual(['10 minute', '59 minute', '1 hour', '23 hour']);
  expect([DAY, 13 * DAY, 14 * DAY, 59 * DAY].map(ago)).toEqual(['1 day', '13 day', '2 week', '8 week']);
  expect([60 * DAY, 400 * DAY, 800 * DAY].map(ago)).toEqual(['1 month', '13 month', '2 year']);
});

it('is now for recent times, and for times ahead of a slow clock', () => {
  expect([0, 10 * MINUTE - 1, -HOUR].map(ago)).toEqual(['now', 'now', 'now']);
});
