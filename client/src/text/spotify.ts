import { t } from '@lingui/core/macro';
import type { SpotifyOutputState } from '$protocol';
import type { SpotifyCondition } from '../providers/spotify/spotify-player';

/** Texts about hearing Spotify. Each also says what still works. */
export const spotifyText = {
  title: 'Spotify',
  open: t`Open in Spotify`,
  notLinked: t`This room plays tracks from Spotify. With Spotify Premium you hear them here; without it you can still queue, vote and hear everything else.`,
  notPremium: t`Hearing Spotify here needs Spotify Premium. You can queue, vote and control as before, and hear everything else.`,
  elsewhere: (name: string) => t`You hear Spotify on ${name}.`,
  other: t`Hear it on another device`,
  devices: t`Your devices, as Spotify sees them now`,
  noDevices: t`Spotify sees no device of yours right now. Open Spotify on one, play something for a moment, and look again.`,
  again: t`Look again`,
  here: t`Hear it here instead`,
  stop: t`Stop there`,
  close: t`Not now`,
  active: t`in use`,
  hereNow: t`Play it here`,
  pocket: t`A device that you choose here keeps playing when this page sleeps, but follows the room less precisely.`,
  conditions: {
    off: '',
    connecting: t`Connecting to Spotify…`,
    ready: '',
    not_linked: '',
    needs_login: t`Spotify needs you to log in again. Everything else works.`,
    not_premium: '',
    unsupported: t`This browser can’t play music from Spotify. Use another device or another browser.`,
    busy: t`This server has reached Spotify’s rate limit. Everything else works.`,
    unreachable: t`Spotify can’t be reached. Trying again…`,
    taken: t`Your Spotify account is playing on another device.`,
    unplayable: t`Spotify can’t play this track for your account. The next one may work.`,
  } satisfies Record<SpotifyCondition, string>,
  outputs: {
    silent: t`Quiet until the room plays something from Spotify.`,
    playing: t`Playing with the room.`,
    paused: t`Paused there. It resumes with the next track.`,
    unplayable: t`Spotify can’t play this track for your account. The next one may work.`,
    busy: t`This server has reached Spotify’s rate limit. Playback resumes later.`,
    unreachable: t`Spotify can’t be reached. Trying again…`,
    gone: t`Spotify doesn’t see this device. Open Spotify on it.`,
    taken: t`Your account was used for something else, so it no longer follows the room.`,
    not_premium: t`This needs Spotify Premium.`,
    needs_login: t`Spotify needs you to log in again.`,
    over: t`It no longer follows the room.`,
  } satisfies Record<SpotifyOutputState, string>,
  inSearch: 'Spotify',
  searchBusy: (wait: string) =>
    t({
      message: `Spotify search is paused for ${wait}. These results are from the library.`,
      comment: 'wait: such as “20 seconds”',
    }),
} as const;
