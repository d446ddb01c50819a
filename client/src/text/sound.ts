import { t } from '@lingui/core/macro';
import type { QualitySetting } from '../providers/files/quality-choice';
import type { Quality } from '../sync/quality';

/** Texts about how well a device is in sync, for its user and for the host. */
export const soundText = {
  qualities: {
    good: t`In sync`,
    fair: t`Nearly in sync`,
    poor: t`Slightly out of sync`,
    out: t`Out of sync`,
  } satisfies Record<Quality, string>,
  unmeasured: t`Measuring…`,
  off: (ms: number) => t`${ms} ms off`,
  giveOrTake: (ms: number) => t`±${ms} ms`,
  estimated: t({ message: 'estimated', comment: 'a device’s deviation: from what its browser reports' }),
  heard: t({ message: 'heard', comment: 'a device’s deviation: measured by microphone or by ear' }),
  hostVolume: (percent: number) => t`The host has turned this device down to ${percent} %.`,
  leftOutWhy: t`This device stays silent until it is chosen again. You can still add music, vote and chat.`,
  letPlay: t`Let it play`,
  settings: t`Sound settings`,
  inTime: t`Fix sync…`,
  needsCalibration: t`This browser doesn’t say how late its sound is. Fix its sync once by microphone or by ear.`,
  quality: t`Audio quality`,
  audioQualities: {
    auto: t`Automatic`,
    lossless: t`Lossless`,
    small: t`Small, saves data`,
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
