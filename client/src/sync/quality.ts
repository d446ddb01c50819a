import type { DevicePlayback, EntryId, Playback } from '$protocol';

/**
 * How well a device is in sync with the room, as one of four ratings. Pure. It is based on the device's own status,
 * which is no proof: `measured` says whether a calibration backs it.
 */

export type Quality = 'good' | 'fair' | 'poor' | 'out';

/** The part of a device's status that the rating uses. */
export type PlaybackStatus = Pick<DevicePlayback, 'entry' | 'state' | 'error_ms' | 'deviation_ms' | 'measured'>;

const WORST: readonly Quality[] = ['good', 'fair', 'poor', 'out'];
/** Bound of the error plus its uncertainty. */
const UP_TO_MS: Record<Exclude<Quality, 'out'>, number> = { good: 5, fair: 30, poor: 150 };
/** Hysteresis: a better rating requires this share of the bound, so that a value near it does not flicker. */
const BETTER_SHARE = 0.8;
/** How long a device may take to start: learn about the track, fetch and decode it. */
const GRACE_MS = 4_000;

/** `null`: nothing to be in sync with, or it has only just started. `before` is the device's previous rating. */
export function qualityOf(
  status: PlaybackStatus,
  playback: Playback,
  nowMs: number,
  before: Quality | null = null,
): Quality | null {
  if (playback.state !== 'playing') return null;
  const plays = status.state === 'playing' && status.entry === playback.entry;
  if (!plays) return nowMs < playback.anchor_at_ms + GRACE_MS ? null : 'out';
  return steady(amountMs(status), before);
}

/** Bound of the error in total; `null`: not measured yet. */
export function amountMs({ error_ms, deviation_ms, measured }: PlaybackStatus): number | null {
  if (measured === undefined || measured === null) return null;
  return Math.abs(error_ms) + (deviation_ms ?? 0);
}

function steady(amount: number | null, before: Quality | null): Quality {
  const now = named(amount, 1);
  if (before === null || WORST.indexOf(now) >= WORST.indexOf(before)) return now;
  // Clearly better: the new rating applies at once.
  return WORST[Math.min(WORST.indexOf(before), WORST.indexOf(named(amount, BETTER_SHARE)))]!;
}

function named(amount: number | null, share: number): Quality {
  if (amount === null) return 'poor';
  const fits = (Object.keys(UP_TO_MS) as (keyof typeof UP_TO_MS)[]).find((name) => amount <= share * UP_TO_MS[name]);
  return fits ?? 'out';
}

/** Ratings of many devices, each with its previous rating. */
export class QualityTracker {
  #before = new Map<string, { entry: EntryId | null; quality: Quality | null }>();

  of(device: string, status: PlaybackStatus, playback: Playback, nowMs: number): Quality | null {
    const known = this.#before.get(device);
    const before = known?.entry === playback.entry ? known.quality : null;
    const quality = qualityOf(status, playback, nowMs, before);
    this.#before.set(device, { entry: playback.entry, quality });
    return quality;
  }

  /** Drops the ratings of devices that are gone. */
  keepOnly(devices: ReadonlySet<string>): void {
    for (const device of this.#before.keys()) if (!devices.has(device)) this.#before.delete(device);
  }
}
