import type { Quality } from '../sync/quality';

/** The words about how well a device is in time, for whoever holds it and for whoever runs the room. */
export const soundText = {
  qualities: {
    good: 'In time',
    fair: 'Nearly in time',
    poor: 'Not quite in time',
    out: 'Out of time',
  } satisfies Record<Quality, string>,
  unmeasured: 'Finding the beat…',
  off: 'off',
  ms: (ms: number) => `${ms} ms`,
  giveOrTake: (ms: number) => `±${ms} ms`,
  estimated: 'estimated',
  heard: 'heard',
  leftOutWhy: 'This device stays silent until it is chosen again. You can still add music, vote and talk.',
  letPlay: 'Let it play',
  inTime: 'Get it in time…',
} as const;

/** A figure as exactly as it is worth. */
export function roundedMs(ms: number): number {
  return Math.round(Math.abs(ms));
}

/** What a deviation is worth: never nothing, which nobody can promise. */
export function deviationWords(ms: number): string {
  return soundText.giveOrTake(Math.max(1, Math.ceil(ms)));
}
