import { describe, expect, it } from 'vitest';
import { entry, idle, playing } from '../testing/fixtures';
import { planStart } from './schedule';
import { clockFace, endAt, outgoingEntry, positionAt, shownPositionAt } from './timeline';

const paused = { ...playing('a', 1_000, 42_000), state: 'paused' } as const;

describe('timeline', () => {
  it('advances while playing and stands still otherwise', () => {
    expect(positionAt(playing('a', 1_000, 500), 3_000)).toBe(2_500);
    expect(positionAt(paused, 99_000)).toBe(42_000);
  });

  it('is negative before a future start, but not displayed so', () => {
    const playback = playing('a', 5_000);
    expect(positionAt(playback, 4_000)).toBe(-1_000);
    expect(shownPositionAt(playback, 60_000, 4_000)).toBe(0);
    expect(shownPositionAt(playing('a', 5_000, 30_000), 60_000, 4_900)).toBe(30_000);
    expect(shownPositionAt(playback, 60_000, 999_000)).toBe(60_000);
  });

  it('knows its end', () => {
    expect(endAt(playing('a', 1_000, 20_000), 60_000)).toBe(41_000);
    expect(endAt(paused, 60_000)).toBe(Number.POSITIVE_INFINITY);
  });

  it('lets a track play to its natural end', () => {
    const part = { entry: entry('a', 'ana', 60_000), playback: playing('a', 0) };
    expect(outgoingEntry(part, playing('b', 60_000), 59_000)).toBe(part);
    expect(outgoingEntry(part, idle, 59_000)).toBe(part);
  });

  it('does not after a skip, a seek, a pause, or long after the end', () => {
    const part = { entry: entry('a', 'ana', 60_000), playback: playing('a', 0) };
    expect(outgoingEntry(part, playing('b', 30_200), 30_000)).toBeNull();
    expect(outgoingEntry(part, playing('b', 59_200), 59_000)).toBeNull();
    expect(outgoingEntry(part, playing('a', 59_000, 5_000), 59_000)).toBeNull();
    expect(outgoingEntry(part, playing('b', 60_000), 61_000)).toBeNull();
    expect(outgoingEntry({ ...part, playback: paused }, idle, 59_000)).toBeNull();
  });

  it('formats minutes and seconds', () => {
    expect([0, -5, 61_999, 3_600_000].map(clockFace)).toEqual(['0:00', '0:00', '1:01', '1:00:00']);
  });
});

describe('planning a start', () => {
  it('meets a future anchor exactly', () => {
    expect(planStart(playing('a', 0, 15_000), 12.5, 10, 60)).toEqual({ at: 12.5, offset: 15 });
  });

  it('joins in mid-track at the position of that moment', () => {
    const start = planStart(playing('a', 0), 10, 20, 60)!;
    expect(start.at).toBeGreaterThan(20);
    expect(start.offset).toBeCloseTo(start.at - 10, 9);
  });

  it('plays nothing when paused, or when the track is over', () => {
    expect(planStart(paused, 10, 20, 60)).toBeNull();
    expect(planStart(playing('a', 0), 10, 80, 60)).toBeNull();
  });
});
