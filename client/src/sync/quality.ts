import type { DevicePlayback, EntryId, Playback } from '$protocol';

/**
 * How well a device is in time with the room, in the four words that people are told. Pure. It goes by what the device
 * says of itself, which is no evidence: `measured` says whether anybody has heard it.
 */

export type Quality = 'good' | 'fair' | 'poor' | 'out';

/** What a device says of how it plays, as far as it matters here. */
export type PlaybackStatus = Pick<DevicePlayback, 'entry' | 'state' | 'error_ms' | 'deviation_ms' | 'measured'>;

const WORST: readonly Quality[] = ['good', 'fair', 'poor', 'out'];
/** The error, and what it may be wrong by, are together no more than this. */
const UP_TO_MS: Record<Exclude<Quality, 'out'>, number> = { good: 5, fair: 30, poor: 150 };
/** To be called better than before it takes so much less: what lies on a bound does not flicker. */
const BETTER_SHARE = 0.8;
/** A device may take so long to begin: to hear of it, to fetch and to decode. */
const GRACE_MS = 4_000;

/**
 * `null`: there is nothing to be in time with, or it has only just begun. `before` is what this was called last, for the
 * same device.
 */
export function qualityOf(
  said: PlaybackStatus,
  playback: Playback,
  nowMs: number,
  before: Quality | null = null,
): Quality | null {
  if (playback.state !== 'playing') return null;
  const plays = said.state === 'playing' && said.entry === playback.entry;
  if (!plays) return nowMs < playback.anchor_at_ms + GRACE_MS ? null : 'out';
  return steady(amountMs(said), before);
}

/** By how much it may be off, all in all; `null`: not measured yet. */
export function amountMs({ error_ms, deviation_ms, measured }: PlaybackStatus): number | null {
  if (measured === undefined || measured === null) return null;
  return Math.abs(error_ms) + (deviation_ms ?? 0);
}

function steady(amount: number | null, before: Quality | null): Quality {
  const now = named(amount, 1);
  if (before === null || WORST.indexOf(now) >= WORST.indexOf(before)) return now;
  // Better, and clearly so; how much better it is then may be called at once.
  return WORST[Math.min(WORST.indexOf(before), WORST.indexOf(named(amount, BETTER_SHARE)))]!;
}

function named(amount: number | null, share: number): Quality {
  if (amount === null) return 'poor';
  const fits = (Object.keys(UP_TO_MS) as (keyof typeof UP_TO_MS)[]).find((name) => amount <= share * UP_TO_MS[name]);
  return fits ?? 'out';
}

/** What many devices are called, each by what it was called before. */
export class QualityTracker {
  #before = new Map<string, { entry: EntryId | null; quality: Quality | null }>();

  of(device: string, said: PlaybackStatus, playback: Playback, nowMs: number): Quality | null {
    const known = this.#before.get(device);
    const before = known?.entry === playback.entry ? known.quality : null;
    const quality = qualityOf(said, playback, nowMs, before);
    this.#before.set(device, { entry: playback.entry, quality });
    return quality;
  }

  /** Those that are gone need not be remembered. */
  keepOnly(devices: ReadonlySet<string>): void {
    for (const device of this.#before.keys()) if (!devices.has(device)) this.#before.delete(device);
  }
}
