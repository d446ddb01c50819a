import type { Playback, Track } from '$protocol';
import { shownPositionAt } from '../sync/timeline';
import { coverUrl } from '../util/cover';

export interface MediaActions {
  play: () => void;
  pause: () => void;
  seekTo: (ms: number) => void;
  seekBy: (ms: number) => void;
  /** `null` for users who may control playback but not skip. */
  skip: (() => void) | null;
}

/** Seek step for buttons that name none. */
const STEP_S = 10;

/** Shows the track on lock screens and headsets, and handles their buttons, where the browser supports it. */
export function showMediaSession(track: Track | null, playing: boolean, actions: MediaActions | null): void {
  if (!('mediaSession' in navigator)) return;
  const session = navigator.mediaSession;
  session.metadata =
    track === null
      ? null
      : new MediaMetadata({
          title: track.title,
          artist: track.artists.join(', '),
          album: track.album ?? '',
          artwork:
            track.art_url === null ? [] : [{ src: new URL(coverUrl(track.art_url, 1000), location.origin).href }],
        });
  session.playbackState = track === null ? 'none' : playing ? 'playing' : 'paused';
  const handlers = handlersOf(actions);
  for (const action of Object.keys(handlers) as (keyof typeof handlers)[]) {
    try {
      session.setActionHandler(action, handlers[action]);
    } catch {
      // A button that this browser does not know.
    }
  }
}

/** Sets the lock screen's position; it advances by itself from there. */
export function showMediaPosition(track: Track | null, playback: Playback, serverMs: number): void {
  if (!('mediaSession' in navigator) || !('setPositionState' in navigator.mediaSession)) return;
  const state = mediaPosition(track, playback, serverMs);
  if (state === null) navigator.mediaSession.setPositionState();
  else navigator.mediaSession.setPositionState(state);
}

/** In seconds, and never outside the track: browsers throw otherwise. */
export function mediaPosition(
  track: Track | null,
  playback: Playback,
  serverMs: number,
): Required<MediaPositionState> | null {
  if (track === null || track.duration_ms <= 0) return null;
  const positionMs = shownPositionAt(playback, track.duration_ms, serverMs);
  return { duration: track.duration_ms / 1000, position: Math.max(0, positionMs) / 1000, playbackRate: 1 };
}

export function handlersOf(actions: MediaActions | null) {
  return {
    play: actions?.play ?? null,
    pause: actions?.pause ?? null,
    nexttrack: actions?.skip ?? null,
    seekto:
      actions &&
      (({ seekTime }: Partial<MediaSessionActionDetails>) => {
        if (seekTime !== undefined && seekTime !== null) actions.seekTo(seekTime * 1000);
      }),
    seekforward:
      actions &&
      (({ seekOffset }: Partial<MediaSessionActionDetails>) => actions.seekBy((seekOffset ?? STEP_S) * 1000)),
    seekbackward:
      actions &&
      (({ seekOffset }: Partial<MediaSessionActionDetails>) => actions.seekBy(-(seekOffset ?? STEP_S) * 1000)),
  };
}
