import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { TrackRef } from '$protocol';
import { trackKey } from '../track';
import { DecodedTrackCache } from './decoded-track-cache';

const MB = 1_000_000;
const [a, b, c] = ['a', 'b', 'c'].map((id): TrackRef => ({ provider: 'library', id })) as [
  TrackRef,
  TrackRef,
  TrackRef,
];

describe('decoded track cache', () => {
  let signals: AbortSignal[];
  let fetched: string[];
  let decoded: string[];
  let tracks: DecodedTrackCache<string>;
  beforeEach(() => {
    signals = [];
    fetched = [];
    decoded = [];
    const fetch = async ({ id }: TrackRef, signal: AbortSignal) => {
      fetched.push(id);
      signals.push(signal);
      return new TextEncoder().encode(id).buffer;
    };
    const decode = async (encoded: ArrayBuffer) => {
      const id = new TextDecoder().decode(encoded);
      decoded.push(id);
      return id.toUpperCase();
    };
    tracks = new DecodedTrackCache({ fetch, decode }, 200 * MB);
    tracks.keepOnly([a, b]);
  });
  const settle = () => new Promise<void>((resolve) => setTimeout(resolve));

  it('fetches each track once, keeps wanted tracks and aborts the rest', async () => {
    expect(await Promise.all([tracks.get(a), tracks.get(a), tracks.get(b)])).toEqual(['A', 'A', 'B']);
    tracks.keepOnly([b]);
    expect(signals.map(({ aborted }) => aborted)).toEqual([true, false]);
    await tracks.get(a);
    expect(fetched).toEqual(['a', 'b', 'a']);
  });

  it('decodes the next track in advance when it fits', async () => {
    await tracks.get(a, 90 * MB);
    await tracks.prepare(b, 90 * MB);
    await settle();
    expect(decoded).toEqual(['a', 'b']);
    await tracks.get(b);
    expect(fetched).toEqual(['a', 'b']);
  });

  it('only fetches the next track when it does not fit, and decodes it at its turn', async () => {
    await tracks.get(a, 90 * MB);
    await tracks.prepare(b, 120 * MB);
    await settle();
    expect(fetched).toEqual(['a', 'b']);
    expect(decoded).toEqual(['a']);
    tracks.keepOnly([b]);
    await tracks.prepare(b, 120 * MB);
    expect(await tracks.get(b)).toBe('B');
    expect(decoded).toEqual(['a', 'b']);
    expect(fetched).toEqual(['a', 'b']);
  });

  it('loads the current track first, and drops the next one if the order changed', async () => {
    const now = tracks.get(a, 90 * MB);
    const next = tracks.prepare(b, 90 * MB);
    expect(fetched).toEqual(['a']);
    await now;
    tracks.keepOnly([a, c]);
    await next;
    expect(fetched).toEqual(['a']);
    await tracks.prepare(c, 90 * MB);
    expect(fetched).toEqual(['a', 'c']);
  });

  it('decodes the current track however long it is', async () => {
    expect(await tracks.get(a, 900 * MB)).toBe('A');
  });

  it('retries after a failed fetch and a failed decode', async () => {
    const fetch = vi.fn<() => Promise<ArrayBuffer>>().mockRejectedValueOnce(new Error('network'));
    fetch.mockResolvedValue(new ArrayBuffer(1));
    const decode = vi.fn<() => Promise<string>>().mockRejectedValueOnce(new Error('format')).mockResolvedValue('A');
    const unlucky = new DecodedTrackCache({ fetch, decode });
    await expect(unlucky.get(a)).rejects.toThrow('network');
    await expect(unlucky.get(a)).rejects.toThrow('format');
    await expect(unlucky.get(a)).resolves.toBe('A');
  });

  it('keeps tracks of two providers with the same id apart', async () => {
    const other = { provider: 'spotify', id: 'a' } as const;
    const fetch = async (track: TrackRef) => new TextEncoder().encode(trackKey(track)).buffer;
    const apart = new DecodedTrackCache({ fetch, decode: async (encoded) => new TextDecoder().decode(encoded) });
    expect(await Promise.all([apart.get(a), apart.get(other)])).toEqual(['library:a', 'spotify:a']);
    apart.keepOnly([other]);
    expect([apart.isReady(a), apart.isReady(other)]).toEqual([false, true]);
  });
});
