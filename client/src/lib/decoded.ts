/**
 * Decoded tracks by id, within a bound. A minute of stereo takes about 23 MB of a phone's memory, so only those that are
 * wanted right now are kept, and one that is wanted for later is decoded only if there is room for it. Otherwise it is
 * fetched and waits as it came, which takes a twentieth of that.
 */
export interface TrackSource<Buffer> {
  fetch: (trackId: string, signal: AbortSignal) => Promise<ArrayBuffer>;
  decode: (encoded: ArrayBuffer) => Promise<Buffer>;
}

/** Two tracks of five minutes and a half in stereo at 48 kHz. */
export const DECODED_BYTES_MAX = 256 * 1024 * 1024;

interface Load<Buffer> {
  abort: AbortController;
  /** What it takes when decoded, as far as is known. */
  bytes: number;
  encoded: Promise<ArrayBuffer>;
  decoded: Promise<Buffer> | null;
}

export class DecodedTracks<Buffer> {
  #loads = new Map<string, Load<Buffer>>();

  constructor(
    private readonly source: TrackSource<Buffer>,
    private readonly bytesMax = DECODED_BYTES_MAX,
  ) {}

  /** Lets go of everything else, and stops fetching it. */
  keepOnly(trackIds: ReadonlySet<string>): void {
    for (const [id, { abort }] of this.#loads) {
      if (trackIds.has(id)) continue;
      abort.abort();
      this.#loads.delete(id);
    }
  }

  /** One fetch however often it is asked for; a failed one is forgotten, so that asking again tries again. */
  get(trackId: string, bytes = 0): Promise<Buffer> {
    const load = this.#load(trackId, bytes);
    load.decoded ??= load.encoded.then((encoded) => this.source.decode(encoded));
    load.decoded.catch(() => this.#drop(trackId, load));
    return load.decoded;
  }

  /** Wanted for later: fetched, and decoded if it fits beside what is. */
  prepare(trackId: string, bytes: number): void {
    const load = this.#load(trackId, bytes);
    let takenBytes = 0;
    for (const other of this.#loads.values()) if (other !== load && other.decoded !== null) takenBytes += other.bytes;
    if (takenBytes + bytes <= this.bytesMax) this.get(trackId, bytes).catch(() => {});
  }

  #load(trackId: string, bytes: number): Load<Buffer> {
    const known = this.#loads.get(trackId);
    if (known !== undefined) return known;
    const abort = new AbortController();
    const load = { abort, bytes, encoded: this.source.fetch(trackId, abort.signal), decoded: null };
    this.#loads.set(trackId, load);
    load.encoded.catch(() => this.#drop(trackId, load));
    return load;
  }

  #drop(trackId: string, load: Load<Buffer>): void {
    if (this.#loads.get(trackId) === load) this.#loads.delete(trackId);
  }
}
