import { describe, expect, it } from 'vitest';
import type { Event, Room } from '$protocol';
import { endAt } from '../sync/timeline';
import { entry, idle, playing, room } from '../testing/fixtures';
import { expectedRoom, lockedAfter } from './expected';

const a = entry('a', 'ana', 60_000);
const b = entry('b', 'ben', 60_000);
const c = entry('c', 'ana', 60_000);
/** `a` ends at 60 s. */
const before = room({ now_playing: a, playback: playing('a', 0), upcoming: [b, c], upcoming_total: 2 });
const lock: Event = { name: 'next_locked', entry: 'b' };

function measured(id: string, duration_ms: number): Event {
  return { name: 'track_measured', entry: id, duration_ms };
}

function moved(anchor_at_ms: number): Event {
  return { name: 'playback_changed', playback: playing('a', anchor_at_ms), by: null };
}

function plays(expected: Room): string {
  return `${expected.now_playing?.id} at ${expected.playback.anchor_at_ms}`;
}

describe('the expected room', () => {
  it('plays the locked entry from the exact end of the track', () => {
    expect(expectedRoom(before, 'b', 59_299)).toBe(before);
    const expected = expectedRoom(before, 'b', 59_300);
    expect(expected.playback).toEqual({
      state: 'playing',
      entry: 'b',
      anchor_position_ms: 0,
      anchor_at_ms: endAt(before.playback, 60_000),
    });
    expect([expected.now_playing, expected.upcoming, expected.upcoming_total]).toEqual([b, [c], 1]);
    expect(plays(expectedRoom(before, 'b', 99_000)), 'also when it is seen late').toBe('b at 60000');
  });

  it('is the room itself while there is nothing to expect', () => {
    const rooms: [Room, string | null][] = [
      [before, null],
      // The locked entry was taken out of the queue.
      [{ ...before, upcoming: [c] }, 'b'],
      [{ ...before, upcoming: [] }, 'b'],
      [{ ...before, playback: { ...before.playback, state: 'paused' } }, 'b'],
      [{ ...before, playback: idle, now_playing: null }, 'b'],
    ];
    for (const [room, locked] of rooms) expect(expectedRoom(room, locked, 99_000)).toBe(room);
  });

  it('follows the end when the track is measured', () => {
    const longer = { ...before, now_playing: { ...a, track: { ...a.track, duration_ms: 61_000 } } };
    expect(expectedRoom(longer, 'b', 59_300)).toBe(longer);
    expect(plays(expectedRoom(longer, 'b', 60_300))).toBe('b at 61000');
  });
});

describe('the locked entry', () => {
  it('is locked until a track starts or the timeline moves', () => {
    const locked = (...events: Event[]) => lockedAfter(null, before, events);
    expect(locked(lock)).toBe('b');
    expect(locked(lock, { name: 'entry_started', entry: b, playback: playing('b', 60_000) })).toBeNull();
    expect(locked(lock, moved(5_000)), 'a seek').toBeNull();
    expect(locked(moved(5_000), lock)).toBe('b');
    expect(lockedAfter('b', before, [])).toBe('b');
  });

  it('stays locked when a start is brought forward', () => {
    expect(lockedAfter('b', before, [moved(-1_000)])).toBe('b');
    expect(lockedAfter('b', before, [moved(5_000), lock, moved(4_000)])).toBe('b');
    const paused = { ...before, playback: { ...before.playback, state: 'paused' as const } };
    expect(lockedAfter('b', paused, [moved(-1_000)])).toBeNull();
  });

  it('is taken back when the track turns out to be much longer', () => {
    expect(lockedAfter('b', before, [measured('a', 69_999)])).toBe('b');
    expect(lockedAfter('b', before, [measured('a', 70_000)])).toBeNull();
    expect(lockedAfter('b', before, [measured('c', 99_000)])).toBe('b');
  });
});
