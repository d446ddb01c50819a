import { describe, expect, it } from 'vitest';
import type { Track } from '$protocol';
import { track } from '../testing/fixtures';
import { mergedResults } from './merged-results';
import { playable, trackKey } from './track';

const own = (count: number) => Array.from({ length: count }, (_, place) => track(`own-${place}`));
const song = (id: string, change: Partial<Track> = {}): Track => ({ ...track(id), provider: 'spotify', ...change });
const ids = (tracks: Track[]) => tracks.map(({ id }) => id);

describe('merged results', () => {
  it('start with the library, whose first results stay in place when remote ones arrive', () => {
    const library = own(8);
    const mixed = mergedResults([library, [song('a'), song('b')]]);
    expect(ids(mixed).slice(0, 6)).toEqual(ids(library).slice(0, 6));
    expect(ids(mixed).slice(6)).toEqual(['a', 'b', 'own-6', 'own-7']);
    expect(ids(mergedResults([[], [song('a')]]))).toEqual(['a']);
    expect(ids(mergedResults([library, []]))).toEqual(ids(library));
  });

  it('show a track of the library once', () => {
    const [mine] = own(1);
    const same = { title: '  Title OWN 0', artists: ['Ártist'], duration_ms: mine!.duration_ms + 2_000 };
    expect(ids(mergedResults([[mine!], [song('a', same)]]))).toEqual(['own-0']);
    expect(ids(mergedResults([[mine!], [song('a', { ...same, duration_ms: 60_000 })]]))).toEqual(['own-0', 'a']);
    expect(ids(mergedResults([[mine!], [song('a', { ...same, artists: ['Other'] })]]))).toEqual(['own-0', 'a']);
  });

  it('show a recording again where it can be played', () => {
    const mine = { ...track('mine'), unplayable: true };
    const same = song('a', { title: mine.title });
    expect(ids(mergedResults([[mine], [same], [{ ...same, id: 'b', provider: 'radio' }]]))).toEqual(['mine', 'a']);
    expect(ids(playable([mine, same]))).toEqual(['a']);
  });

  it('combine any number of providers', () => {
    const radio = { ...track('r'), provider: 'radio' };
    const again = { ...track('a'), provider: 'radio' };
    expect(ids(mergedResults([own(1), [song('a')], [radio, again]]))).toEqual(['own-0', 'a', 'r']);
    expect(mergedResults([])).toEqual([]);
  });

  it('are told apart by provider', () => {
    expect(trackKey(track('x'))).not.toBe(trackKey(song('x')));
  });
});
