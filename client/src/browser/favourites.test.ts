import { describe, expect, it } from 'vitest';
import { track } from '../testing/fixtures';
import { FAVOURITES_MAX, recallFavourites, rememberFavourites, toggled } from './favourites';
import type { Memory } from './storage';

function memory(stored: string | null = null): Memory {
  let value = stored;
  return {
    recall: () => value,
    remember: (_, text) => {
      value = text;
    },
  };
}

describe('favourites', () => {
  it('are kept, the latest first, until they are taken out', () => {
    const kept = memory();
    rememberFavourites(toggled(toggled([], track('a')), track('b')), kept);
    expect(recallFavourites(kept)).toEqual([track('b'), track('a')]);
    rememberFavourites(toggled(recallFavourites(kept), track('b')), kept);
    expect(recallFavourites(kept)).toEqual([track('a')]);
    rememberFavourites(toggled(recallFavourites(kept), track('a')), kept);
    expect(kept.recall('')).toBeNull();
  });

  it('are bounded', () => {
    const full = Array.from({ length: FAVOURITES_MAX }, (_, index) => track(`${index}`));
    expect(toggled(full, track('new'))).toHaveLength(FAVOURITES_MAX);
    expect(toggled(full, track('new'))[0]).toEqual(track('new'));
  });

  it.each(['', 'no JSON', '{}', 'null', '[1, null, {"provider":"library"}]'])('are none in %s', (stored) => {
    expect(recallFavourites(memory(stored))).toEqual([]);
  });
});
