import type { QualitySetting } from '../providers/files/quality-choice';
import type { Quality } from '../sync/quality';

/** Texts about how well a device is in sync, for its user and for the host. */
export const soundText = {
  qualities: {
    good: 'In sync',
    fair: 'Nearly in sync',
    poor: 'Slightly out of sync',
    out: 'Out of sync',
  } satisfies Record<Quality, string>,
  unmeasured: 'Measuring…',
  off: 'off',
  ms: (ms: number) => `${ms} ms`,
  giveOrTake: (ms: number) => `±${ms} ms`,
  estimated: 'estimated',
  heard: 'heard',
  leftOutWhy: 'This device stays silent until it is chosen again. You can still add music, vote and chat.',
  letPlay: 'Let it play',
  settings: 'Sound settings',
  inTime: 'Fix sync…',
  needsCalibration: 'This browser doesn’t say how late its sound is. Fix its sync once by microphone or by ear.',
  quality: 'Audio quality',
  audioQualities: {
    auto: 'Automatic',
    lossless: 'Lossless',
    small: 'Small, saves data',
  } satisfies Record<QualitySetting, string>,
} as const;

/** Rounded to its precision. */
export function roundedMs(ms: number): number {
  return Math.round(Math.abs(ms));
}

/** A deviation, never rounded to zero. */
export function deviationText(ms: number): string {
  return soundText.giveOrTake(Math.max(1, Math.ceil(ms)));
}
