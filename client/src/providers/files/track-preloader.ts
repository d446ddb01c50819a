import type { Entry, TrackRef } from '$protocol';
import { decodedPlayable } from './decoded-playing-track';
import { DECODED_BYTES_MAX, DecodedTrackCache } from './decoded-track-cache';
import { LongTrackCache, type LongTrackSource } from './long-track';
import type { Playable } from './playing-track';
import { longPlayable } from './streamed-playing-track';

/**
 * Loads the current and the next track: fetches them, and decodes them where they fit into memory. A track's duration
 * gives its decoded size beforehand; a track that can never fit is played from its file.
 */

export interface TrackPreloaderOptions {
  fetch: (track: TrackRef, signal: AbortSignal) => Promise<ArrayBuffer>;
  decode: (encoded: ArrayBuffer) => Promise<AudioBuffer>;
  /** Without it every track is decoded, however long. */
  long?: LongTrackSource | undefined;
  sampleRate: () => number;
  /** Another track can start at once. */
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

  /** Loads the current track, then the next one, and drops all others except the playing and the ending one. */
  want(now: Entry | null, next: Entry | null, sounding: Entry | undefined, ending: Entry | undefined): void {
    const wanted = [sounding, now, next].flatMap((entry) => entry?.track ?? []);
    // A playing decoded track holds its own buffer; a file has to stay loaded while it plays.
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

  /** Rejects when the track cannot be loaded; calling it again tries again. */
  async get(entry: Entry): Promise<Playable> {
    const { track } = entry;
    if (this.#isLong(entry)) return longPlayable(await this.#long!.get(track), track.duration_ms / 1000);
    return decodedPlayable(await this.#decoded.get(track, this.#bytesOf(entry)));
  }

  isReady({ track }: Entry): boolean {
    return this.#decoded.isReady(track) || (this.#long?.isReady(track) ?? false);
  }

  /** The caller that needs it now tries again and gets the error. */
  async #load(entry: Entry): Promise<void> {
    await this.get(entry).catch(() => {});
  }

  #isLong(entry: Entry): boolean {
    return this.#long !== null && this.#bytesOf(entry) > DECODED_BYTES_MAX;
  }

  /** Decoded size in stereo. */
  #bytesOf({ track }: Entry): number {
    return (track.duration_ms / 1000) * this.options.sampleRate() * DECODED_BYTES_PER_SAMPLE;
  }
}
