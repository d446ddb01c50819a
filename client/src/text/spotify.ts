import type { SpotifyOutputState } from '$protocol';
import type { SpotifyCondition } from '../providers/spotify/spotify-player';

/** Texts about hearing Spotify. Each also says what still works. */
export const spotifyText = {
  title: 'Spotify',
  open: 'Open in Spotify',
  notLinked:
    'This room plays tracks from Spotify. With Spotify Premium you hear them here; without it you queue, vote and hear all else.',
  notPremium:
    'Hearing Spotify here needs Spotify Premium. You queue, vote and control as before, and hear everything else.',
  elsewhere: (name: string) => `You hear Spotify on ${name}.`,
  other: 'Hear it on another device',
  devices: 'Your devices, as Spotify sees them now',
  noDevices:
    'Spotify sees no device of yours right now. Open Spotify on it, play something for a moment, and look again.',
  again: 'Look again',
  here: 'Hear it here instead',
  stop: 'Stop there',
  close: 'Not now',
  active: 'in use',
  hereNow: 'Play it here',
  pocket:
    'A device that is chosen here plays on when this page sleeps. It follows the room more coarsely than this page.',
  conditions: {
    off: '',
    connecting: 'Connecting to Spotify…',
    ready: '',
    not_linked: '',
    needs_login: 'Spotify asks you to log in there again. Everything else goes on as before.',
    not_premium: '',
    unsupported: 'This browser cannot play music from Spotify. Hear it on another device, or in another browser.',
    busy: 'Spotify takes no more requests from this server for a while. Everything else goes on.',
    unreachable: 'Spotify cannot be reached. Trying again…',
    taken: 'Your Spotify account plays on another device now.',
    unplayable: 'Spotify does not play this track to your account. The next one may play.',
  } satisfies Record<SpotifyCondition, string>,
  outputs: {
    silent: 'It is quiet until the room plays something from Spotify.',
    playing: 'It plays with the room.',
    paused: 'It was paused there. It plays again with the next track.',
    unplayable: 'Spotify does not play this track to your account. The next one may play.',
    busy: 'Spotify takes no more requests from this server for a while. It goes on then.',
    unreachable: 'Spotify cannot be reached. Trying again…',
    gone: 'Spotify does not see this device now. Open Spotify on it.',
    taken: 'Your account was used for something else, so it no longer follows the room.',
    not_premium: 'That needs Spotify Premium.',
    needs_login: 'Spotify asks you to log in there again.',
    over: 'It no longer follows the room.',
  } satisfies Record<SpotifyOutputState, string>,
  inSearch: 'Spotify',
  searchBusy: (wait: string) => `Spotify takes no more searches for ${wait}. These are from the library.`,
} as const;
