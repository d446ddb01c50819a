import type {
  ChooseSpotifyOutput,
  SpotifyDevice,
  SpotifyDevices,
  SpotifyOutput,
  SpotifyOutputStatus,
  SpotifyPlayerEvent,
  SpotifyPlayRequest,
  SpotifyStatus,
  SpotifyToken,
} from '$protocol';
import { api } from './page-session';

/** What only users of Spotify ask of the server, beside `Api`, which every page loads. */
export const spotifyApi = {
  status(): Promise<SpotifyStatus> {
    return api.json('me/spotify');
  },

  /** Lets the server ask Spotify again. */
  check(): Promise<SpotifyStatus> {
    return api.json('me/spotify/check', { method: 'POST' });
  },

  async unlink(): Promise<void> {
    await api.authorized('me/spotify', { method: 'DELETE' });
  },

  /** For the player in this browser only. */
  token(): Promise<SpotifyToken> {
    return api.json('me/spotify/token', { method: 'POST' });
  },

  /** Reports the player's evidence. */
  evidence(event: SpotifyPlayerEvent): Promise<SpotifyStatus> {
    return api.json('me/spotify/evidence', { method: 'POST', body: { event } });
  },

  async play(body: SpotifyPlayRequest): Promise<void> {
    await api.authorized('me/spotify/play', { method: 'POST', body });
  },

  async devices(): Promise<SpotifyDevice[]> {
    return (await api.json<SpotifyDevices>('me/spotify/devices')).devices;
  },

  /** The user's Spotify device that follows a room, beside the room's pages. */
  async output(code: string): Promise<SpotifyOutput | null> {
    return (await api.json<SpotifyOutputStatus>(outputPath(code))).output ?? null;
  },

  async chooseOutput(code: string, body: ChooseSpotifyOutput): Promise<SpotifyOutput | null> {
    return (await api.json<SpotifyOutputStatus>(outputPath(code), { method: 'PUT', body })).output ?? null;
  },

  async endOutput(code: string): Promise<void> {
    await api.authorized(outputPath(code), { method: 'DELETE' });
  },
};

function outputPath(code: string): string {
  return `rooms/${encodeURIComponent(code)}/spotify-output`;
}
