import { describe, expect, it, vi } from 'vitest';
import { playing, track } from '../testing/fixtures';
import { handlersOf, mediaPosition } from './media-session';

const song = track('a', 180_000);

describe('media session', () => {
  it('shows the room’s position', () => {
    expect(mediaPosition(song, playing('a', 100_000), 130_000)).toEqual({
      duration: 180,
      position: 30,
      playbackRate: 1,
    });
    expect(mediaPosition(song, { ...playing('a', 100_000, 40_000), state: 'paused' }, 130_000)?.position).toBe(40);
  });

  it('never shows a position outside the track', () => {
    expect(mediaPosition(song, playing('a', 100_000), 99_000)?.position).toBe(0);
    expect(mediaPosition(song, playing('a', 100_000), 900_000)?.position).toBe(180);
    expect(mediaPosition(null, playing('a', 100_000), 900_000)).toBeNull();
    expect(mediaPosition(track('a', 0), playing('a', 100_000), 900_000)).toBeNull();
  });

  it('has buttons that the user is permitted to use', () => {
    expect(Object.values(handlersOf(null)).every((handler) => handler === null)).toBe(true);
    const actions = { play: vi.fn(), pause: vi.fn(), seekTo: vi.fn(), seekBy: vi.fn(), skip: null };
    const handlers = handlersOf(actions);
    handlers.seekto?.({ seekTime: 42.5 });
    handlers.seekto?.({});
    handlers.seekforward?.({});
    handlers.seekbackward?.({ seekOffset: 5 });
    expect(actions.seekTo.mock.calls).toEqual([[42_500]]);
    expect(actions.seekBy.mock.calls).toEqual([[10_000], [-5_000]]);
    expect(handlers.nexttrack).toBeNull();
  });
});
