import { describe, expect, it } from 'vitest';
import { entry, settings, track } from '../testing/fixtures';
import {
  BLOCKED_MAX,
  blockableArtists,
  isBlockedTrack,
  withArtist,
  withoutArtist,
  withoutTrack,
  withTrack,
} from './blocking';
import { changedSettings } from './settings';

const song = { ...track('a'), artists: ['Björk', 'Arca', 'Choir'] };
const waiting = { ...entry('e', 'ana'), track: song };

describe('block lists', () => {
  it('keep what others blocked, and name what they hide', () => {
    const one = changedSettings(settings(), withTrack(settings(), song));
    expect(one.blocked_tracks).toEqual([{ provider: 'library', id: 'a', label: 'Title a · Björk, Arca, Choir' }]);
    const two = changedSettings(one, withTrack(one, track('b')));
    expect([song, track('b'), track('c')].map((each) => isBlockedTrack(two, each))).toEqual([true, true, false]);
    expect(isBlockedTrack(changedSettings(two, withoutTrack(two, song)), song)).toBe(false);
  });

  it('cut off labels, but never within a character', () => {
    const long = { ...song, title: '🎺'.repeat(300) };
    expect(withTrack(settings(), long).blocked_tracks?.[0]?.label).toBe('🎺'.repeat(200));
  });

  it('offer the main artists that are not blocked in any spelling', () => {
    expect(blockableArtists(settings(), waiting)).toEqual(['Björk', 'Arca']);
    const blocked = changedSettings(settings(), withArtist(settings(), 'BJORK'));
    expect(blockableArtists(blocked, waiting)).toEqual(['Arca']);
    expect(withoutArtist(blocked, 'BJORK').blocked_artists).toEqual([]);
    const full = settings({ blocked_artists: Array.from({ length: BLOCKED_MAX }, (_, index) => `${index}`) });
    expect(blockableArtists(full, waiting)).toEqual([]);
  });
});
