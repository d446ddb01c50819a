import type { TrackRef } from '$protocol';
import { trackKey } from '../track';

/**
 * Tracks that are too long to be decoded: a media element plays the encoded file. Only wanted tracks are kept. The file
 * is fetched as a whole, because a media element cannot send the access token; browsers keep such files outside the
 * page's memory.
 */

/** The part of HTMLAudioElement used here, replaceable in tests. */
export type MediaElement = Pick<
  HTMLAudioElement,
  | 'src'
  | 'currentTime'
  | 'duration'
  | 'paused'
  | 'playbackRate'
  | 'preservesPitch'
  | 'preload'
  | 'error'
  | 'play'
  | 'pause'
  | 'load'
  | 'addEventListener'
  | 'removeEventListener'
  | 'removeAttribute'
>;

export interface LongTrackSource {
  fetch: (track: TrackRef, signal: AbortSignal) => Promise<Blob>;
  createElement: () => MediaElement;
  /** Object URL of a loaded file, and its release. */
  addressOf: (file: Blob) => string;
  forget: (address: string) => void;
}

/** Delay between a command to a media element and its effect, learned from the latest ones. */
export class LearnedDelay {
  #seen: number[] = [];

  take(seconds: number): void {
    if (Math.abs(seconds) < DELAY_S_MAX) this.#seen = [...this.#seen.slice(1 - DELAYS_KEPT), seconds];
  }

  /** The median: one outlier changes nothing. */
  get seconds(): number {
    const sorted = [...this.#seen].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

const DELAYS_KEPT = 5;
const DELAY_S_MAX = 2;

export class LongTrack {
  /** The playing track that controls the element; earlier ones have lost it. */
  holder: object | null = null;
  #node: MediaElementAudioSourceNode | null = null;

  constructor(
    readonly element: MediaElement,
    /** Shared by all elements, whichever track they play. */
    readonly delays: { start: LearnedDelay; seek: LearnedDelay },
    private readonly forget: () => void,
  ) {}

  /** An element can be connected to a context only once. */
  node(context: AudioContext): MediaElementAudioSourceNode {
    this.#node ??= context.createMediaElementSource(this.element as HTMLMediaElement);
    return this.#node;
  }

  close(): void {
    this.holder = null;
    this.element.pause();
    this.#node?.disconnect();
    this.element.removeAttribute('src');
    this.element.load();
    this.forget();
  }
}

interface Load {
  abort: AbortController;
  track: Promise<LongTrack>;
  ready: boolean;
}

export class LongTrackCache {
  #loads = new Map<string, Load>();
  readonly #delays = { start: new LearnedDelay(), seek: new LearnedDelay() };

  constructor(
    private readonly source: LongTrackSource,
    private readonly onReady: () => void = () => {},
  ) {}

  keepOnly(tracks: readonly TrackRef[]): void {
    const wanted = new Set(tracks.map(trackKey));
    for (const [key, { abort, track }] of this.#loads) {
      if (wanted.has(key)) continue;
      this.#loads.delete(key);
      abort.abort();
      track.then((loaded) => loaded.close()).catch(() => {});
    }
  }

  /** Fetches once however often it is called. A failure is forgotten, so that the next call tries again. */
  get(track: TrackRef): Promise<LongTrack> {
    const key = trackKey(track);
    const known = this.#loads.get(key);
    if (known !== undefined) return known.track;
    const abort = new AbortController();
    const load: Load = { abort, track: this.#open(track, abort.signal), ready: false };
    this.#loads.set(key, load);
    load.track.then(
      () => {
        load.ready = true;
        if (this.#loads.get(key) === load) this.onReady();
      },
      () => {
        if (this.#loads.get(key) === load) this.#loads.delete(key);
      },
    );
    return load.track;
  }

  isReady(track: TrackRef): boolean {
    return this.#loads.get(trackKey(track))?.ready ?? false;
  }

  async #open(track: TrackRef, signal: AbortSignal): Promise<LongTrack> {
    const address = this.source.addressOf(await this.source.fetch(track, signal));
    const element = this.source.createElement();
    try {
      await playableFrom(element, address);
    } catch (error) {
      this.source.forget(address);
      throw error;
    }
    return new LongTrack(element, this.#delays, () => this.source.forget(address));
  }
}

function playableFrom(element: MediaElement, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const settle = () => {
      element.removeEventListener('canplay', settle);
      element.removeEventListener('error', settle);
      if (element.error === null) resolve();
      else reject(new Error(`the file cannot be played: ${element.error.message}`));
    };
    element.addEventListener('canplay', settle);
    element.addEventListener('error', settle);
    element.preload = 'auto';
    // Time stretching would be more audible than the small change of pitch.
    element.preservesPitch = false;
    element.src = address;
    element.load();
  });
}
