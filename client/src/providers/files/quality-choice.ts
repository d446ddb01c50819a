import { type AudioQuality, SEGMENT_RATE_HZ } from './segments';

/** What the user wants: the device decides, or always the same. */
export const QUALITY_SETTINGS = ['auto', 'lossless', 'small'] as const;
export type QualitySetting = (typeof QUALITY_SETTINGS)[number];

export function qualitySetting(stored: string | null): QualitySetting {
  return QUALITY_SETTINGS.find((setting) => setting === stored) ?? 'auto';
}

/** Network Information API: Chromium only. */
export interface NetworkHints {
  saveData?: boolean;
  type?: string;
  /** Mbit/s, rounded and capped by the browser. */
  downlink?: number;
}

export function networkHints(): NetworkHints | undefined {
  return (navigator as { connection?: NetworkHints }).connection;
}

/** Metered, or a modem. */
const METERED = ['cellular', 'wimax', 'bluetooth'];
/** The path has to carry this many times the rate of lossless segments. */
const HEADROOM = 2;
/** Before one was fetched: an ordinary recording at about two thirds of PCM. */
const LOSSLESS_BITS_PER_S = 1_000_000;
/** Share of the latest measurement. */
const WEIGHT = 0.3;
/** Shorter transfers came out of a buffer and are no slower than this suggests. */
const TRANSFER_MS_MIN = 10;
/** How long a device stays with small segments after a lossless one came too late; doubles each time. */
const LATE_PAUSE_MS = 60_000;
const LATE_PAUSE_MS_MAX = 16 * LATE_PAUSE_MS;

/** Chooses the quality of each segment by what the path to the server carries. */
export class QualityChoice {
  setting: QualitySetting = 'auto';
  /** What this browser decodes. */
  available: readonly AudioQuality[] = [];
  #pathBitsPerS: number | null = null;
  #losslessBitsPerS = LOSSLESS_BITS_PER_S;
  #smallUntilMs = Number.NEGATIVE_INFINITY;
  #pauseMs = LATE_PAUSE_MS;

  constructor(
    private readonly hints: () => NetworkHints | undefined,
    private readonly nowMs: () => number,
  ) {}

  get quality(): AudioQuality {
    const wanted = this.setting === 'auto' ? this.#automatic() : this.setting;
    return this.available.includes(wanted) ? wanted : (this.available[0] ?? wanted);
  }

  /** A segment was transferred in this time, from its first byte to its last. */
  fetched(quality: AudioQuality, bytes: number, samples: number, transferMs: number): void {
    const pathBitsPerS = (8_000 * bytes) / Math.max(transferMs, TRANSFER_MS_MIN);
    this.#pathBitsPerS = mix(this.#pathBitsPerS ?? pathBitsPerS, pathBitsPerS);
    if (quality !== 'lossless' || samples === 0) return;
    this.#losslessBitsPerS = mix(this.#losslessBitsPerS, (8 * bytes * SEGMENT_RATE_HZ) / samples);
  }

  /** A segment did not arrive before its time. */
  late(): void {
    const atMs = this.nowMs();
    if (atMs < this.#smallUntilMs) return;
    this.#smallUntilMs = atMs + this.#pauseMs;
    this.#pauseMs = Math.min(2 * this.#pauseMs, LATE_PAUSE_MS_MAX);
  }

  #automatic(): AudioQuality {
    const { saveData, type, downlink } = this.hints() ?? {};
    if (saveData || METERED.includes(type ?? '') || this.nowMs() < this.#smallUntilMs) return 'small';
    const pathBitsPerS = this.#pathBitsPerS ?? (downlink === undefined ? Number.POSITIVE_INFINITY : downlink * 1e6);
    return pathBitsPerS < HEADROOM * this.#losslessBitsPerS ? 'small' : 'lossless';
  }
}

function mix(before: number, latest: number): number {
  return before + WEIGHT * (latest - before);
}
