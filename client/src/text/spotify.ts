import type { SpotifyOutputState } from '$protocol';
import type { SpotifyCondition } from '../providers/spotify/spotify-player';

/** Texts about hearing Spotify. Each also says what still works. */
export const spotifyText = {
  title: 'Spotify',
  open: 'Open in Spotify',
  notLinked:
    'This room plays tracks from Spotify. With Spotify Premium you hear them here; without it you can still queue, vote and hear everything else.',
  notPremium:
    'Hearing Spotify here needs Spotify Premium. You can queue, vote and control as before, and hear everything else.',
  elsewhere: (name: string) => `You hear Spotify on ${name}.`,
  other: 'Hear it on another device',
  devices: 'Your devices, as Spotify sees them now',
  noDevices:
    'Spotify sees no device of yours right now. Open Spotify on one, play something for a moment, and look again.',
  again: 'Look again',
  here: 'Hear it here instead',
  stop: 'Stop there',
  close: 'Not now',
  active: 'in use',
  hereNow: 'Play it here',
  pocket: 'A device that you choose here keeps playing when this page sleeps, but follows the room less precisely.',
  conditions: {
    off: '',
    connecting: 'Connecting to Spotify…',
    ready: '',
    not_linked: '',
    needs_login: 'Spotify needs you to log in again. Everything else works.',
    not_premium: '',
    unsupported: 'This browser can’t play music from Spotify. Use another device or another browser.',
    busy: 'This server has reached Spotify’s rate limit. Everything else works.',
    unreachable: 'Spotify can’t be reached. Trying again…',
    taken: 'Your Spotify account is playing on another device.',
    unplayable: 'Spotify can’t play this track for your account. The next one may work.',
  } satisfies Record<SpotifyCondition, string>,
  outputs: {
    silent: 'Quiet until the room plays something from Spotify.',
    playing: 'Playing with the room.',
    paused: 'Paused there. It resumes with the next track.',
    unplayable: 'Spotify can’t play this track for your account. The next one may work.',
    busy: 'This server has reached Spotify’s rate limit. Playback resumes later.',
    unreachable: 'Spotify can’t be reached. Trying again…',
    gone: 'Spotify doesn’t see this device. Open Spotify on it.',
    taken: 'Your account was used for something else, so it no longer follows the room.',
    not_premium: 'This needs Spotify Premium.',
    needs_login: 'Spotify needs you to log in again.',
    over: 'It no longer follows the room.',
  } satisfies Record<SpotifyOutputState, string>,
  inSearch: 'Spotify',
  searchBusy: (wait: string) => `Spotify search is paused for ${wait}. These results are from the library.`,
} as const;
