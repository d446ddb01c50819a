import type { TrackRef } from '$protocol';
import { trackKey } from '../track';

/**
 * Tracks that are too long to be decoded as a whole: the browser plays them from the file as it came, through a media
 * element. Only those that are wanted are kept. The file is fetched as a whole, because a media element cannot say who
 * asks for it; browsers keep such files outside of a page's memory.
 */

/** What of an `HTMLAudioElement` is used; tests bring their own. */
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
  /** The address of a file that is at hand, and the way to forget it. */
  addressOf: (file: Blob) => string;
  forget: (address: string) => void;
}

/** How long after it was told to, an element really plays: learned from the last times. */
export class LearnedDelay {
  #seen: number[] = [];

  take(seconds: number): void {
    if (Math.abs(seconds) < LAG_S_MAX) this.#seen = [...this.#seen.slice(1 - LAGS_KEPT), seconds];
  }

  /** One strange time moves nothing. */
  get seconds(): number {
    const sorted = [...this.#seen].sort((a, b) => a - b);
    return sorted[sorted.length >> 1] ?? 0;
  }
}

const LAGS_KEPT = 5;
const LAG_S_MAX = 2;

export class LongTrack {
  /** Which voice steers the element: the others have lost it. */
  holder: object | null = null;
  #node: MediaElementAudioSourceNode | null = null;

  constructor(
    readonly element: MediaElement,
    /** Those of the element's kind, whichever track it plays. */
    readonly delays: { start: LearnedDelay; seek: LearnedDelay },
    private readonly forget: () => void,
  ) {}

  /** An element has one way into a context, for good. */
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
  readonly #lags = { start: new LearnedDelay(), seek: new LearnedDelay() };

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

  /** One fetch however often it is asked for; a failed one is forgotten, so that asking again tries again. */
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
    return new LongTrack(element, this.#lags, () => this.source.forget(address));
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
    // A rate that differs a little must not be stretched: that would be heard more than the pitch.
    element.preservesPitch = false;
    element.src = address;
    element.load();
  });
}
