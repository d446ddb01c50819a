import type { ProviderId, SearchResponse, Track } from '$protocol';
import { Failure } from '../session/http';

/**
 * One provider's search while a user types: it waits for a pause, makes one request at a time, and loads further pages.
 * It knows nothing of other providers; `mergedResults` combines them.
 */

export interface ProviderResults {
  tracks: readonly Track[];
  /** The query that `tracks` answers; `null` before the first answer. */
  query: string | null;
  /** Loads the next page; `null` on the last. */
  cursor: string | null;
  loading: boolean;
  /** The provider needs an account, and neither the user nor the host has linked one. */
  closed: boolean;
  failure: Failure | null;
}

type Ask = (query: string, cursor: string | null, signal: AbortSignal) => Promise<SearchResponse>;

interface Pace {
  pauseMs: number;
  charsMin: number;
}

const LIBRARY_PACE: Pace = { pauseMs: 150, charsMin: 0 };
/** Every request counts against the whole server's rate limit at the provider. */
const REMOTE_PACE: Pace = { pauseMs: 450, charsMin: 2 };

const NO_RESULTS: ProviderResults = {
  tracks: [],
  query: null,
  cursor: null,
  loading: false,
  closed: false,
  failure: null,
};

export class ProviderSearch {
  results = NO_RESULTS;
  readonly #pace: Pace;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #request: AbortController | null = null;

  constructor(
    readonly provider: ProviderId,
    private readonly ask: Ask,
    private readonly onChange: () => void,
  ) {
    this.#pace = provider === 'library' ? LIBRARY_PACE : REMOTE_PACE;
  }

  /** The user typed: searches after a pause. An empty query lists everything, where the provider can do that. */
  search(query: string): void {
    clearTimeout(this.#pause);
    if (this.results.closed) return;
    if (query.length < this.#pace.charsMin) {
      this.#request?.abort();
      this.#set(NO_RESULTS);
      return;
    }
    this.#pause = setTimeout(() => void this.#load(query, null), query === '' ? 0 : this.#pace.pauseMs);
  }

  /** Asks again for what could not be loaded. */
  retry(query: string): void {
    if (this.results.failure !== null && !this.results.closed) void this.#load(query, null);
  }

  loadMore(): void {
    const { query, cursor } = this.results;
    if (query !== null && cursor !== null) void this.#load(query, cursor);
  }

  stop(): void {
    clearTimeout(this.#pause);
    this.#request?.abort();
  }

  async #load(query: string, cursor: string | null): Promise<void> {
    this.#request?.abort();
    const request = new AbortController();
    this.#request = request;
    this.#set({ ...this.results, loading: true, failure: null });
    try {
      const page = await this.ask(query, cursor, request.signal);
      if (request.signal.aborted) return;
      const tracks = cursor === null ? page.tracks : [...this.results.tracks, ...page.tracks];
      const closed = page.closed ?? false;
      this.#set({ tracks, query, cursor: page.next_cursor, loading: false, closed, failure: null });
    } catch (error) {
      if (request.signal.aborted) return;
      if (!(error instanceof Failure)) throw error;
      // A page that could not be loaded leaves the earlier pages as they are; tracks of another query would mislead.
      const kept = cursor === null ? NO_RESULTS : this.results;
      this.#set({ ...kept, loading: false, closed: error.code === 'forbidden', failure: error });
    }
  }

  #set(results: ProviderResults): void {
    this.results = results;
    this.onChange();
  }
}
