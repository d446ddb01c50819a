import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrackRef } from '$protocol';
import { Failure } from '../../session/http';
import { type FakeSegment, fakeDecoded, fakeFetched } from '../../testing/fake-audio';
import { SegmentStore } from './segment-store';
import { type AudioQuality, SEGMENT_SAMPLES, type SegmentRef, segmentKey } from './segments';

const [a, b] = ['a', 'b'].map((id): TrackRef => ({ provider: 'library', id })) as [TrackRef, TrackRef];
const of = (track: TrackRef, ...numbers: number[]): SegmentRef[] => numbers.map((number) => ({ track, number }));

let fetched: string[];
let signals: AbortSignal[];
/** Holds requests back. */
let gate: Promise<void>;
let failures: unknown[];
/** The number of a segment that cannot be decoded. */
let broken: number | null;
let samples: number;
let changes: number;
let store: SegmentStore;

const settle = () => vi.advanceTimersByTimeAsync(0);

beforeEach(() => {
  vi.useFakeTimers();
  fetched = [];
  signals = [];
  gate = Promise.resolve();
  failures = [];
  broken = null;
  samples = 100 * SEGMENT_SAMPLES;
  changes = 0;
  store = new SegmentStore({
    fetch: async (segment, quality, signal) => {
      fetched.push(`${segmentKey(segment)} ${quality}`);
      signals.push(signal);
      await Promise.race([gate, new Promise((_, reject) => signal.addEventListener('abort', reject))]);
      const failure = failures.shift();
      if (failure !== undefined) throw failure;
      return fakeFetched(segment, samples);
    },
    decode: async (segment) => {
      const decoded = await fakeDecoded(segment);
      const { first } = decoded as unknown as FakeSegment;
      if (first === (broken ?? -1) * SEGMENT_SAMPLES) throw new Error('broken');
      return decoded;
    },
    quality: (): AudioQuality => 'lossless',
    random: () => 1,
    onChange: () => {
      changes += 1;
    },
  });
});
afterEach(() => {
  store.want([]);
  vi.useRealTimers();
});

describe('segment store', () => {
  it('fetches one segment after the other, each once, in the order of urgency', async () => {
    store.want([...of(a, 3, 4), ...of(b, 0)]);
    expect(fetched).toEqual(['library:a/3 lossless']);
    store.want([...of(a, 3, 4), ...of(b, 0)]);
    await settle();
    expect(fetched).toEqual(['library:a/3 lossless', 'library:a/4 lossless', 'library:b/0 lossless']);
    expect(store.get(of(a, 4)[0]!)).toMatchObject({ first: 4 * SEGMENT_SAMPLES });
    expect(store.get(of(a, 5)[0]!)).toBeNull();
    expect(changes).toBeGreaterThan(2);
  });

  it('drops what is not wanted, aborts its request, and keeps what is useful', async () => {
    store.want(of(a, 0, 1));
    await settle();
    gate = new Promise(() => {});
    store.want(of(a, 1, 2), of(a, 0));
    await settle();
    expect(fetched).toHaveLength(3);
    store.want(of(b, 0), of(a, 0));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false, false, true]);
    gate = Promise.resolve();
    await settle();
    expect(fetched.at(-1)).toBe('library:b/0 lossless');
    expect(of(a, 0, 1, 2).map((segment) => store.get(segment) !== null)).toEqual([true, false, false]);
  });

  it('lets a request finish whose time has passed, unless the room moves elsewhere', async () => {
    gate = new Promise(() => {});
    store.want(of(a, 0, 1, 2));
    store.want(of(a, 2, 3, 4));
    expect(signals.map(({ aborted }) => aborted)).toEqual([false]);
    expect(fetched).toHaveLength(1);
    store.want(of(a, 50, 51));
    await settle();
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    expect(fetched).toEqual(['library:a/0 lossless', 'library:a/50 lossless']);
  });

  it('tries again after a failure, later each time, and later than the server says', async () => {
    failures = [new Failure('offline'), new TypeError('terminated'), new Failure('unavailable', 503, 7_000)];
    store.want(of(a, 0, 1));
    await settle();
    expect([fetched.length, store.isFailing]).toEqual([1, true]);
    await vi.advanceTimersByTimeAsync(499);
    expect(fetched).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(fetched).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(fetched).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(6_999);
    expect(fetched).toHaveLength(3);
    await vi.advanceTimersByTimeAsync(1);
    expect(store.get(of(a, 0)[0]!)).not.toBeNull();
    expect(store.isFailing).toBe(false);
  });

  it('tries at once after a seek', async () => {
    failures = [new Failure('unavailable', 503, 60_000)];
    store.want(of(a, 0, 1));
    await settle();
    store.want(of(a, 1, 2));
    expect(fetched).toHaveLength(1);
    store.want(of(a, 20, 21));
    await settle();
    expect(fetched.slice(1)).toEqual(['library:a/20 lossless', 'library:a/21 lossless']);
  });

  it('gives a request up that takes too long', async () => {
    gate = new Promise(() => {});
    store.want(of(a, 0));
    await vi.advanceTimersByTimeAsync(30_000);
    expect(signals[0]!.aborted).toBe(true);
    gate = Promise.resolve();
    await vi.advanceTimersByTimeAsync(500);
    expect(store.get(of(a, 0)[0]!)).not.toBeNull();
  });

  it.each([404, 410, 422])('asks for no further segment of an unplayable track (%i)', async (status) => {
    failures = [new Failure('not_found', status)];
    store.want([...of(a, 0, 1), ...of(b, 0)]);
    await settle();
    expect(fetched).toEqual(['library:a/0 lossless', 'library:b/0 lossless']);
    expect([store.isUnplayable(a), store.isUnplayable(b)]).toEqual([true, false]);
    store.want(of(b, 0));
    store.want(of(a, 0));
    await settle();
    expect(store.isUnplayable(a), 'it may have been repaired meanwhile').toBe(false);
  });

  it('asks for an unplayable track again when it starts, and every ten seconds', async () => {
    store.want(of(a, 0));
    await settle();
    failures = [new Failure('not_found', 410), new Failure('not_found', 410)];
    store.want([...of(a, 0), ...of(b, 0)]);
    await settle();
    expect(store.isUnplayable(b)).toBe(true);
    store.want(of(b, 0));
    await settle();
    expect([fetched.length, store.isUnplayable(b)]).toEqual([3, true]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(store.isUnplayable(b)).toBe(false);
    expect(store.get(of(b, 0)[0]!)).not.toBeNull();
  });

  it('learns the length of a track from its last segment', async () => {
    samples = SEGMENT_SAMPLES + 5;
    store.want(of(a, 0, 1, 2));
    await settle();
    expect(fetched).toHaveLength(2);
    expect(store.segmentsOf(a).samples).toBe(SEGMENT_SAMPLES + 5);
    expect(store.segmentsOf(b).samples).toBeNull();
    expect(store.segmentsOf(a).get(1)).toMatchObject({ length: 5 });
  });

  it('takes a segment past the end for the end', async () => {
    failures = [new Failure('not_found', 404, null, 'segment_past_end')];
    store.want(of(a, 3, 4));
    await settle();
    expect(fetched).toHaveLength(1);
    expect(store.isUnplayable(a)).toBe(false);
    expect(store.segmentsOf(a).samples).toBe(3 * SEGMENT_SAMPLES);
  });

  it('leaves a segment out that is broken twice', async () => {
    broken = 0;
    store.want(of(a, 0, 1));
    await settle();
    expect(fetched).toEqual(['library:a/0 lossless', 'library:a/1 lossless', 'library:a/0 lossless']);
    store.want(of(a, 0, 1));
    await settle();
    expect(fetched).toHaveLength(3);
    expect(of(a, 0, 1).map((segment) => store.get(segment) !== null)).toEqual([false, true]);
  });
});
