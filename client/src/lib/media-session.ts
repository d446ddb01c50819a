import type { Track } from '$protocol';

export interface MediaActions {
  play: () => void;
  pause: () => void;
  /** `null` for those who steer the music but skip nobody's track. */
  skip: (() => void) | null;
}

/** Shows the track on lock screens and headsets, and takes their buttons, where the browser can. */
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
          artwork: track.art_url === null ? [] : [{ src: new URL(track.art_url, location.origin).href }],
        });
  session.playbackState = track === null ? 'none' : playing ? 'playing' : 'paused';
  session.setActionHandler('play', actions?.play ?? null);
  session.setActionHandler('pause', actions?.pause ?? null);
  session.setActionHandler('nexttrack', actions?.skip ?? null);
}
