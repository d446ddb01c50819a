import type { TrackRef } from '$protocol';
import { trackKey } from '../track';

/**
 * Decoded tracks by provider and id, within a memory bound. A minute of stereo takes about 23 MB, so only tracks wanted
 * now are kept decoded. A track wanted later is decoded only if it fits; otherwise it waits encoded, at a twentieth of
 * the size. The current track goes first: fetching and decoding two tracks at once on a phone delays the first one.
 */
export interface TrackSource<Buffer> {
  fetch: (track: TrackRef, signal: AbortSignal) => Promise<ArrayBuffer>;
  decode: (encoded: ArrayBuffer) => Promise<Buffer>;
}

/** Two tracks of five and a half minutes in stereo at 48 kHz. */
export const DECODED_BYTES_MAX = 256 * 1024 * 1024;

interface Load<Buffer> {
  abort: AbortController;
  /** Estimated decoded size. */
  bytes: number;
  encoded: Promise<ArrayBuffer>;
  decoded: Promise<Buffer> | null;
  ready: boolean;
}

export class DecodedTrackCache<Buffer> {
  #loads = new Map<string, Load<Buffer>>();
  #wanted: ReadonlySet<string> = new Set();

  constructor(
    private readonly source: TrackSource<Buffer>,
    private readonly bytesMax = DECODED_BYTES_MAX,
    /** Another track can start at once. */
    private readonly onReady: () => void = () => {},
  ) {}

  /** Drops all other tracks and aborts their requests. */
  keepOnly(tracks: readonly TrackRef[]): void {
    this.#wanted = new Set(tracks.map(trackKey));
    for (const [key, { abort }] of this.#loads) {
      if (this.#wanted.has(key)) continue;
      abort.abort();
      this.#loads.delete(key);
    }
  }

  /** Fetches once however often it is called. A failure is forgotten, so that the next call tries again. */
  get(track: TrackRef, bytes = 0): Promise<Buffer> {
    const load = this.#load(track, bytes);
    load.decoded ??= this.#decode(trackKey(track), load);
    return load.decoded;
  }

  isReady(track: TrackRef): boolean {
    return this.#loads.get(trackKey(track))?.ready ?? false;
  }

  /** Prepares a track for later, after the others are loaded: fetches it, and decodes it if it fits beside them. */
  async prepare(track: TrackRef, bytes: number): Promise<void> {
    const key = trackKey(track);
    if ((this.#loads.get(key)?.decoded ?? null) !== null) return;
    await Promise.allSettled(this.#others(key).map(({ decoded }) => decoded));
    if (!this.#wanted.has(key)) return;
    const load = this.#load(track, bytes);
    const takenBytes = this.#others(key).reduce((sum, other) => sum + other.bytes, 0);
    const loading = takenBytes + bytes <= this.bytesMax ? this.get(track, bytes) : load.encoded;
    // The caller that needs it now tries again and gets the error.
    loading.catch(() => {});
  }

  #decode(key: string, load: Load<Buffer>): Promise<Buffer> {
    const decoded = load.encoded.then((encoded) => this.source.decode(encoded));
    decoded.then(
      () => {
        load.ready = true;
        if (this.#loads.get(key) === load) this.onReady();
      },
      () => this.#drop(key, load),
    );
    return decoded;
  }

  #others(key: string): Load<Buffer>[] {
    return [...this.#loads].filter(([other, { decoded }]) => other !== key && decoded !== null).map(([, load]) => load);
  }

  #load(track: TrackRef, bytes: number): Load<Buffer> {
    const key = trackKey(track);
    const known = this.#loads.get(key);
    if (known !== undefined) return known;
    const abort = new AbortController();
    const encoded = this.source.fetch(track, abort.signal);
    const load: Load<Buffer> = { abort, bytes, encoded, decoded: null, ready: false };
    this.#loads.set(key, load);
    load.encoded.catch(() => this.#drop(key, load));
    return load;
  }

  #drop(key: string, load: Load<Buffer>): void {
    if (this.#loads.get(key) === load) this.#loads.delete(key);
  }
}
