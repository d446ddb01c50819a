/**
 * Decoded tracks by id, within a bound. A minute of stereo takes about 23 MB of a phone's memory, so only those that are
 * wanted right now are kept, and one that is wanted for later is decoded only if there is room for it. Otherwise it is
 * fetched and waits as it came, which takes a twentieth of that. What is wanted now goes first: a phone that fetches and
 * decodes two tracks at once has the first one later.
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
  ready: boolean;
}

export class DecodedTracks<Buffer> {
  #loads = new Map<string, Load<Buffer>>();
  #wanted: ReadonlySet<string> = new Set();

  constructor(
    private readonly source: TrackSource<Buffer>,
    private readonly bytesMax = DECODED_BYTES_MAX,
    /** One more can start at once. */
    private readonly onReady: () => void = () => {},
  ) {}

  /** Lets go of everything else, and stops fetching it. */
  keepOnly(trackIds: ReadonlySet<string>): void {
    this.#wanted = trackIds;
    for (const [id, { abort }] of this.#loads) {
      if (trackIds.has(id)) continue;
      abort.abort();
      this.#loads.delete(id);
    }
  }

  /** One fetch however often it is asked for; a failed one is forgotten, so that asking again tries again. */
  get(trackId: string, bytes = 0): Promise<Buffer> {
    const load = this.#load(trackId, bytes);
    load.decoded ??= this.#decode(trackId, load);
    return load.decoded;
  }

  isReady(trackId: string): boolean {
    return this.#loads.get(trackId)?.ready ?? false;
  }

  /** Wanted for later, if it still is when the others are there: fetched, and decoded if it fits beside them. */
  async prepare(trackId: string, bytes: number): Promise<void> {
    if ((this.#loads.get(trackId)?.decoded ?? null) !== null) return;
    await Promise.allSettled(this.#others(trackId).map(({ decoded }) => decoded));
    if (!this.#wanted.has(trackId)) return;
    const load = this.#load(trackId, bytes);
    const takenBytes = this.#others(trackId).reduce((sum, other) => sum + other.bytes, 0);
    const track = takenBytes + bytes <= this.bytesMax ? this.get(trackId, bytes) : load.encoded;
    // Whoever needs it now asks again, and is told.
    track.catch(() => {});
  }

  #decode(trackId: string, load: Load<Buffer>): Promise<Buffer> {
    const decoded = load.encoded.then((encoded) => this.source.decode(encoded));
    decoded.then(
      () => {
        load.ready = true;
        if (this.#loads.get(trackId) === load) this.onReady();
      },
      () => this.#drop(trackId, load),
    );
    return decoded;
  }

  #others(trackId: string): Load<Buffer>[] {
    return [...this.#loads].filter(([id, { decoded }]) => id !== trackId && decoded !== null).map(([, load]) => load);
  }

  #load(trackId: string, bytes: number): Load<Buffer> {
    const known = this.#loads.get(trackId);
    if (known !== undefined) return known;
    const abort = new AbortController();
    const encoded = this.source.fetch(trackId, abort.signal);
    const load: Load<Buffer> = { abort, bytes, encoded, decoded: null, ready: false };
    this.#loads.set(trackId, load);
    load.encoded.catch(() => this.#drop(trackId, load));
    return load;
  }

  #drop(trackId: string, load: Load<Buffer>): void {
    if (this.#loads.get(trackId) === load) this.#loads.delete(trackId);
  }
}
