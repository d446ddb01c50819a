/**
 * Decoded tracks by id. A minute of stereo takes about 23 MB of a phone's memory, so only those that are wanted
 * right now are kept.
 */
export class DecodedTracks<Buffer> {
  #loads = new Map<string, { buffer: Promise<Buffer>; abort: AbortController }>();

  constructor(private readonly load: (trackId: string, signal: AbortSignal) => Promise<Buffer>) {}

  /** Lets go of everything else, and stops fetching it. */
  keepOnly(trackIds: ReadonlySet<string>): void {
    for (const [id, { abort }] of this.#loads) {
      if (trackIds.has(id)) continue;
      abort.abort();
      this.#loads.delete(id);
    }
  }

  /** One fetch however often it is asked for; a failed one is forgotten, so that asking again tries again. */
  get(trackId: string): Promise<Buffer> {
    const known = this.#loads.get(trackId);
    if (known !== undefined) return known.buffer;
    const abort = new AbortController();
    const buffer = this.load(trackId, abort.signal);
    const load = { buffer, abort };
    this.#loads.set(trackId, load);
    buffer.catch(() => {
      if (this.#loads.get(trackId) === load) this.#loads.delete(trackId);
    });
    return buffer;
  }
}
