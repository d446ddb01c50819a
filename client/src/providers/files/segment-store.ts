import type { TrackRef } from '$protocol';
import { Failure } from '../../session/http';
import { backoffMs } from '../../util/backoff';
import { trackKey } from '../track';
import type { TrackSegments } from './segmented-playing-track';
import { type AudioQuality, SEGMENT_SAMPLES, type SegmentRef, segmentKey } from './segments';

/**
 * The decoded segments that are wanted now, and no others: five seconds of stereo take 1.9 MB. Segments are fetched one
 * after the other in the order of urgency, each once; what is no longer wanted is dropped and its request aborted. A
 * failed request is repeated with backoff while its segment is wanted. A track that the server cannot play at all is asked for
 * again when it starts, and every ten seconds.
 */

export interface FetchedSegment {
  encoded: ArrayBuffer;
  /** Samples of the segment. */
  samples: number;
  /** From the first byte to the last. */
  transferMs: number;
}

export interface SegmentSource {
  fetch(segment: SegmentRef, quality: AudioQuality, signal: AbortSignal): Promise<FetchedSegment>;
  decode(fetched: FetchedSegment, quality: AudioQuality): Promise<AudioBuffer>;
  /** The quality to fetch next. */
  quality(): AudioQuality;
  random(): number;
  /** A segment arrived, a fetch failed, or a track turned out to be unplayable. */
  onChange(): void;
}

/** A request that takes longer has failed: the path is dead, or far too slow for this quality. */
const FETCH_MS_MAX = 30_000;
/** Unknown, no longer there, not decodable. */
const UNPLAYABLE = [404, 410, 422];
/** A missing disk comes back, and a file is repaired. */
const RECHECK_MS = 10_000;
/** Another attempt may bring a whole segment; after that it stays silent. */
const BROKEN_MAX = 2;

interface State {
  buffer: AudioBuffer | null;
  isLoading: boolean;
  /** How often it was fetched and could not be decoded. */
  broken: number;
}

export class SegmentStore {
  #wanted: readonly SegmentRef[] = [];
  #states = new Map<string, State>();
  /** Length of each track, as far as it is known. */
  #samples = new Map<string, number>();
  #unplayable = new Set<string>();
  /** Runs until unplayable tracks are asked for again. */
  #recheck: ReturnType<typeof setTimeout> | null = null;
  /** The request under way. */
  #request: { key: string; abort: AbortController } | null = null;
  /** Runs until the next attempt after a failure. */
  #retry: ReturnType<typeof setTimeout> | null = null;
  /** Of the latest requests, one after the other. */
  #failures = 0;

  constructor(private readonly source: SegmentSource) {}

  /** Fetches `wanted` in this order, keeps what is there of `useful`, and drops everything else. */
  want(wanted: readonly SegmentRef[], useful: readonly SegmentRef[] = []): void {
    const [first] = wanted.map(segmentKey);
    const isElsewhere = !this.#wanted.map(segmentKey).includes(first ?? '');
    // After a seek or a skip the first attempt is made at once.
    if (isElsewhere) this.#succeeded();
    // The file of a track that starts may have been away while it waited.
    const starting = wanted[0] && trackKey(wanted[0].track);
    if (starting !== undefined && starting !== (this.#wanted[0] && trackKey(this.#wanted[0].track))) {
      this.#unplayable.delete(starting);
    }
    this.#wanted = wanted;
    const all = [...wanted, ...useful];
    const kept = new Set(all.map(segmentKey));
    for (const key of this.#states.keys()) if (!kept.has(key)) this.#states.delete(key);
    // While the track goes on, a request that comes too late still makes the server prepare what follows.
    if (isElsewhere && this.#request !== null && !kept.has(this.#request.key)) this.#request.abort.abort();
    const tracks = new Set(all.map(({ track }) => trackKey(track)));
    for (const key of this.#samples.keys()) if (!tracks.has(key)) this.#samples.delete(key);
    for (const key of this.#unplayable) if (!tracks.has(key)) this.#unplayable.delete(key);
    this.#fetchNext();
  }

  /** The server is there again: what failed is fetched at once. */
  retry(): void {
    this.#succeeded();
    this.#fetchNext();
  }

  get(segment: SegmentRef): AudioBuffer | null {
    return this.#states.get(segmentKey(segment))?.buffer ?? null;
  }

  segmentsOf(track: TrackRef): TrackSegments {
    const samples = () => this.#samples.get(trackKey(track)) ?? null;
    return {
      get: (number) => this.get({ track, number }),
      get samples() {
        return samples();
      },
    };
  }

  /** The latest attempt failed; another one follows. */
  get isFailing(): boolean {
    return this.#failures > 0;
  }

  /** The server cannot play the track, or no longer has it. */
  isUnplayable(track: TrackRef): boolean {
    return this.#unplayable.has(trackKey(track));
  }

  #fetchNext(): void {
    if (this.#request !== null || this.#retry !== null) return;
    const next = this.#wanted.find((segment) => this.#isMissing(segment));
    if (next !== undefined) void this.#fetch(next);
  }

  #isMissing(segment: SegmentRef): boolean {
    const samples = this.#samples.get(trackKey(segment.track)) ?? Number.POSITIVE_INFINITY;
    if (this.isUnplayable(segment.track) || segment.number * SEGMENT_SAMPLES >= samples) return false;
    const state = this.#states.get(segmentKey(segment));
    return state === undefined || (state.buffer === null && !state.isLoading && state.broken < BROKEN_MAX);
  }

  async #fetch(segment: SegmentRef): Promise<void> {
    const key = segmentKey(segment);
    const abort = new AbortController();
    const state = this.#states.get(key) ?? { buffer: null, isLoading: true, broken: 0 };
    state.isLoading = true;
    this.#states.set(key, state);
    const isWanted = () => this.#states.get(key) === state;
    const quality = this.source.quality();
    let fetched: FetchedSegment;
    this.#request = { key, abort };
    const timeout = setTimeout(() => abort.abort(), FETCH_MS_MAX);
    try {
      fetched = await this.source.fetch(segment, quality, abort.signal);
      this.#succeeded();
      if (isWanted()) this.#learnLength(segment, fetched);
    } catch (error) {
      state.isLoading = false;
      if (isWanted()) this.#failed(segment, error);
      return;
    } finally {
      clearTimeout(timeout);
      this.#request = null;
      // Also while this one is decoded.
      this.#fetchNext();
      this.source.onChange();
    }
    const buffer = await this.source.decode(fetched, quality).catch(() => null);
    state.isLoading = false;
    if (!isWanted()) return;
    state.buffer = buffer;
    if (buffer === null) state.broken += 1;
    this.#fetchNext();
    this.source.onChange();
  }

  /** Only the last segment may be shorter. */
  #learnLength({ track, number }: SegmentRef, { samples }: FetchedSegment): void {
    if (samples < SEGMENT_SAMPLES) this.#samples.set(trackKey(track), number * SEGMENT_SAMPLES + samples);
  }

  #succeeded(): void {
    clearTimeout(this.#retry ?? undefined);
    this.#retry = null;
    this.#failures = 0;
  }

  /** A failure of the path or of the server concerns all segments. */
  #failed({ track, number }: SegmentRef, error: unknown): void {
    const failure = error instanceof Failure ? error : null;
    if (failure?.reason === 'segment_past_end' && number > 0) {
      this.#samples.set(trackKey(track), number * SEGMENT_SAMPLES);
    } else if (failure !== null && UNPLAYABLE.includes(failure.status)) {
      this.#unplayable.add(trackKey(track));
      this.#recheck ??= setTimeout(() => {
        this.#recheck = null;
        this.#unplayable.clear();
        this.#fetchNext();
      }, RECHECK_MS);
    } else {
      const waitMs = Math.max(failure?.retryAfterMs ?? 0, backoffMs(this.#failures, this.source.random));
      this.#failures += 1;
      this.#retry = setTimeout(() => {
        this.#retry = null;
        this.#fetchNext();
      }, waitMs);
    }
  }
}
