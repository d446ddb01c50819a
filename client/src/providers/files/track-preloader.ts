import type { Entry, TrackRef } from '$protocol';
import { decodedPlayable } from './decoded-playing-track';
import { DECODED_BYTES_MAX, DecodedTrackCache } from './decoded-track-cache';
import { LongTrackCache, type LongTrackSource } from './long-track';
import type { Playable } from './playing-track';
import { longPlayable } from './streamed-playing-track';

/**
 * What this device has at hand: what is on and what comes next, fetched, and decoded where it fits into memory. How long
 * a track is says beforehand how much it takes when decoded: what never fits is played from its file.
 */

export interface TrackPreloaderOptions {
  fetch: (track: TrackRef, signal: AbortSignal) => Promise<ArrayBuffer>;
  decode: (encoded: ArrayBuffer) => Promise<AudioBuffer>;
  /** Without it everything is decoded, however long. */
  long?: LongTrackSource | undefined;
  sampleRate: () => number;
  /** One more can start at once. */
  onReady: () => void;
}

const DECODED_BYTES_PER_SAMPLE = 2 * 4;

export class TrackPreloader {
  readonly #decoded: DecodedTrackCache<AudioBuffer>;
  readonly #long: LongTrackCache | null;
  #next: Entry | null = null;

  constructor(private readonly options: TrackPreloaderOptions) {
    const { fetch, decode, long, onReady } = options;
    this.#decoded = new DecodedTrackCache({ fetch, decode }, DECODED_BYTES_MAX, onReady);
    this.#long = long === undefined ? null : new LongTrackCache(long, onReady);
  }

  /** Fetches what is on, then what comes next, and lets go of everything else but what sounds or is ending. */
  want(now: Entry | null, next: Entry | null, sounding: Entry | undefined, ending: Entry | undefined): void {
    const wanted = [sounding, now, next].flatMap((entry) => entry?.track ?? []);
    // Who plays a decoded track holds it themselves; a file has to stay where it is played from.
    this.#decoded.keepOnly(wanted);
    this.#long?.keepOnly(ending === undefined ? wanted : [...wanted, ending.track]);
    this.#next = next;
    const current = now === null ? Promise.resolve() : this.#load(now);
    if (next === null) return;
    if (this.#isLong(next)) void current.then(() => (this.#next?.id === next.id ? this.#load(next) : undefined));
    else void this.#decoded.prepare(next.track, this.#bytesOf(next));
  }

  dropAll(): void {
    this.#next = null;
    this.#decoded.keepOnly([]);
    this.#long?.keepOnly([]);
  }

  /** Rejects when it cannot be fetched or played; asking again tries again. */
  async get(entry: Entry): Promise<Playable> {
    const { track } = entry;
    if (this.#isLong(entry)) return longPlayable(await this.#long!.get(track), track.duration_ms / 1000);
    return decodedPlayable(await this.#decoded.get(track, this.#bytesOf(entry)));
  }

  isReady({ track }: Entry): boolean {
    return this.#decoded.isReady(track) || (this.#long?.isReady(track) ?? false);
  }

  /** Whoever needs it now asks again, and is told what went wrong. */
  async #load(entry: Entry): Promise<void> {
    await this.get(entry).catch(() => {});
  }

  #isLong(entry: Entry): boolean {
    return this.#long !== null && this.#bytesOf(entry) > DECODED_BYTES_MAX;
  }

  /** What it will take when decoded, in stereo. */
  #bytesOf({ track }: Entry): number {
    return (track.duration_ms / 1000) * this.options.sampleRate() * DECODED_BYTES_PER_SAMPLE;
  }
}
