import { describe, expect, it } from 'vitest';
import { entry, settings, track } from '../testing/fixtures';
import { BLOCKED_MAX, blockableArtists, blockTrack, isBlockedTrack, unblockTrack } from './blocking';

const song = { ...track('a'), artists: ['Björk', 'Arca', 'Choir'] };
const waiting = { ...entry('e', 'ana'), track: song };

describe('block lists', () => {
  it('know a track, and name what they hide', () => {
    const label = 'Title a · Björk, Arca, Choir';
    expect(blockTrack(song)).toEqual({ name: 'block', track: { provider: 'library', id: 'a', label } });
    expect(unblockTrack(song)).toEqual({ name: 'unblock', track: { provider: 'library', id: 'a' } });
    const blocked = settings({ blocked_tracks: [{ provider: 'library', id: 'a', label }] });
    expect([song, track('b')].map((each) => isBlockedTrack(blocked, each))).toEqual([true, false]);
  });

  it('cut off labels, but never within a character', () => {
    const long = { ...song, title: '🎺'.repeat(300) };
    expect(blockTrack(long)).toMatchObject({ track: { label: '🎺'.repeat(200) } });
  });

  it('offer the main artists that are not blocked in any spelling', () => {
    expect(blockableArtists(settings(), waiting)).toEqual(['Björk', 'Arca']);
    expect(blockableArtists(settings({ blocked_artists: ['BJORK'] }), waiting)).toEqual(['Arca']);
    const full = settings({ blocked_artists: Array.from({ length: BLOCKED_MAX }, (_, index) => `${index}`) });
    expect(blockableArtists(full, waiting)).toEqual([]);
  });
});
