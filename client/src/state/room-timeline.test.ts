import { describe, expect, it } from 'vitest';
import { entry, idle, playing, room } from '../testing/fixtures';
import { RoomTimeline } from './room-timeline.svelte';

const a = entry('a', 'ana', 60_000);
const b = entry('b', 'ben', 30_000);
const c = entry('c', 'ana', 30_000);

describe('timeline of a room', () => {
  it('keeps the ending track current until the next one really starts', () => {
    const timeline = new RoomTimeline();
    timeline.update(room({ now_playing: a, playback: playing('a', 0) }), 0);
    timeline.update(room({ now_playing: b, playback: playing('b', 60_000) }), 59_000);
    timeline.serverNowMs = 59_500;
    expect([timeline.current?.entry.id, timeline.positionMs]).toEqual(['a', 59_500]);
    timeline.serverNowMs = 60_500;
    expect([timeline.current?.entry.id, timeline.positionMs]).toEqual(['b', 500]);
  });

  it('keeps it also when the start of the next one is announced again', () => {
    const timeline = new RoomTimeline();
    timeline.update(room({ now_playing: a, playback: playing('a', 0) }), 0);
    timeline.update(room({ now_playing: b, playback: playing('b', 60_000) }), 59_300);
    timeline.update(room({ now_playing: b, playback: playing('b', 60_000) }), 59_400);
    timeline.serverNowMs = 59_500;
    expect([timeline.current?.entry.id, timeline.positionMs]).toEqual(['a', 59_500]);
  });

  it('shows a skip at once', () => {
    const timeline = new RoomTimeline();
    timeline.update(room({ now_playing: a, playback: playing('a', 0) }), 0);
    timeline.update(room({ now_playing: b, playback: playing('b', 20_200) }), 20_000);
    timeline.serverNowMs = 20_000;
    expect(timeline.current?.entry.id).toBe('b');
  });

  it('adds up how long upcoming entries wait', () => {
    const timeline = new RoomTimeline();
    timeline.update(room({ now_playing: a, playback: playing('a', 0), upcoming: [b, c] }), 0);
    timeline.serverNowMs = 10_000;
    expect([b, c].map((next) => timeline.startsInMs(next))).toEqual([50_000, 80_000]);
  });

  it('has no current track while nothing plays', () => {
    const timeline = new RoomTimeline();
    expect([timeline.current, timeline.positionMs]).toEqual([null, 0]);
    timeline.update(room({ playback: idle }), 0);
    expect([timeline.current, timeline.positionMs]).toEqual([null, 0]);
  });
});
