import type { BrowseItem, BrowseResponse, Track } from '$protocol';
import type { BrowseList, Place } from '../session/api';
import { Failure } from '../session/http';

/**
 * A walk through a provider's artists, albums, genres and folders. It keeps the way back, makes one request at a time,
 * and loads further pages.
 */

export interface Level {
  place: Place;
  items: readonly BrowseItem[];
  tracks: readonly Track[];
  /** Loads the next page; `null` on the last. */
  cursor: string | null;
  loading: boolean;
  failure: Failure | null;
}

type Ask = (place: Place, cursor: string | null, signal: AbortSignal) => Promise<BrowseResponse>;

export class CatalogueBrowser {
  /** From the list to the place that is shown; empty: nothing is browsed. */
  levels: readonly Level[] = [];
  #request: AbortController | null = null;

  constructor(
    private readonly ask: Ask,
    private readonly onChange: () => void,
  ) {}

  get current(): Level | null {
    return this.levels.at(-1) ?? null;
  }

  /** Starts at a list. */
  async open(list: BrowseList): Promise<void> {
    await this.#enter([], { list });
  }

  async enter(item: BrowseItem): Promise<void> {
    await this.#enter(this.levels, { item });
  }

  /** Shows the place before as it was; from a list, stops browsing. */
  back(): void {
    this.#request?.abort();
    this.#set(this.levels.slice(0, -1));
  }

  close(): void {
    this.#request?.abort();
    this.#set([]);
  }

  async loadMore(): Promise<void> {
    const { current } = this;
    if (current !== null && !current.loading && (current.cursor !== null || current.failure !== null)) {
      await this.#load(current);
    }
  }

  /** All tracks of the current place, in order; `null` when some could not be loaded. */
  async allTracks(): Promise<readonly Track[] | null> {
    const depth = this.levels.length;
    for (;;) {
      const { current } = this;
      if (current === null || this.levels.length !== depth || current.failure !== null) return null;
      if (current.cursor === null) return current.tracks;
      await this.loadMore();
    }
  }

  async #enter(before: readonly Level[], place: Place): Promise<void> {
    const level: Level = { place, items: [], tracks: [], cursor: null, loading: true, failure: null };
    this.#set([...before, level]);
    await this.#load(level);
  }

  async #load(level: Level): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#replace({ ...level, loading: true, failure: null });
    try {
      const page = await this.ask(level.place, level.cursor, request.signal);
      if (request.signal.aborted) return;
      const items = [...level.items, ...page.items];
      const tracks = [...level.tracks, ...page.tracks];
      this.#replace({ ...level, items, tracks, cursor: page.next_cursor, loading: false, failure: null });
    } catch (error) {
      if (request.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      this.#replace({ ...level, loading: false, failure: error });
    }
  }

  #replace(level: Level): void {
    this.#set([...this.levels.slice(0, -1), level]);
  }

  #set(levels: readonly Level[]): void {
    this.levels = levels;
    this.onChange();
  }
}
