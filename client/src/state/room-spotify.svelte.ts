import type { SpotifyDevice, SpotifyOutput, SpotifyOutputState } from '$protocol';
import { deviceId, deviceName } from '../browser/device';
import { device, recall, remember } from '../browser/storage';
import { nowMs } from '../browser/wall-clock';
import type { CombinedPlayer } from '../playback/combined-player';
import type { SpotifyCondition, SpotifyPlayer, SpotifyPlayerOptions } from '../providers/spotify/spotify-player';
import { Failure } from '../session/http';
import { spotifyApi } from '../session/spotify-api';
import { app } from './app.svelte';

const CHOSEN_KEY = 'tutti.spotify-output';
/** States in which the output has ended; the user can choose again. */
const ENDED_STATES: readonly SpotifyOutputState[] = ['taken', 'not_premium', 'needs_login', 'over'];

/** How this user hears Spotify in one room: in this browser, on another device of their account, or not at all. */
export class RoomSpotify {
  condition = $state.raw<SpotifyCondition>('off');
  /** The user's Spotify device that follows the room, with its state. */
  output = $state.raw<SpotifyOutput | null>(null);
  devices = $state.raw<SpotifyDevice[] | null>(null);
  /** Spotify is configured on this server. */
  offered = $derived(app.server?.spotify != null);
  linked = $derived(app.user?.spotify === true);
  /** Another device plays, so this one need not. */
  elsewhere = $derived(this.output !== null && !ENDED_STATES.includes(this.output.state));
  hearsHere = $derived(this.offered && this.linked && !this.elsewhere);
  #recalled = false;

  constructor(
    private readonly code: string,
    private readonly clock: SpotifyPlayerOptions['clock'],
    private readonly changed: () => void,
  ) {}

  /** The player, with its code loaded on demand. */
  async load(players: CombinedPlayer): Promise<SpotifyPlayer> {
    const url = app.server?.spotify?.sdk_url ?? '';
    const [{ SpotifyPlayer }, { loadSdk }] = await Promise.all([
      import('../providers/spotify/spotify-player'),
      import('../providers/spotify/sdk'),
    ]);
    return new SpotifyPlayer({
      device: deviceId(),
      loadSdk: () => loadSdk(url),
      token: async () => (await spotifyApi.token()).access_token,
      recheck: () => spotifyApi.check(),
      reportPremiumEvidence: async (event) => (await spotifyApi.evidence(event)).link?.premium.verdict ?? 'unknown',
      play: (start) => spotifyApi.play(start),
      name: `Tutti, ${deviceName(navigator.userAgent)}`,
      random: Math.random,
      clock: this.clock,
      localNowMs: nowMs,
      memory: device,
      onState: () => players.stateChanged(),
      onCondition: (condition) => players.conditionChanged(condition),
    });
  }

  /** After joining: restores the user's choice, even if the server has forgotten it. */
  async recall(): Promise<void> {
    if (!this.offered || !this.linked || this.#recalled) return;
    this.#recalled = true;
    try {
      this.#setOutput(await spotifyApi.output(this.code));
      const chosen = this.#chosen();
      if (this.output === null && chosen !== null) await this.choose(chosen);
    } catch (error) {
      // Without it nothing is chosen.
      if (error instanceof Failure && error.code === 'not_found') remember(CHOSEN_KEY, null);
    }
  }

  async refresh(): Promise<void> {
    if (this.output !== null) this.#setOutput(await spotifyApi.output(this.code));
  }

  async loadDevices(): Promise<void> {
    this.devices = await spotifyApi.devices();
  }

  async choose(device_id: string): Promise<void> {
    this.#setOutput(await spotifyApi.chooseOutput(this.code, { device_id, device: deviceId() }));
    remember(CHOSEN_KEY, JSON.stringify([this.code, device_id]));
    this.devices = null;
  }

  async playHere(): Promise<void> {
    remember(CHOSEN_KEY, null);
    await spotifyApi.endOutput(this.code);
    this.#setOutput(null);
  }

  /** Another user is logged in. */
  forget(): void {
    this.#recalled = false;
    this.devices = null;
    this.#setOutput(null);
  }

  #setOutput(output: SpotifyOutput | null): void {
    const was = this.elsewhere;
    this.output = output;
    if (was !== this.elsewhere) this.changed();
  }

  #chosen(): string | null {
    try {
      const [code, device_id] = JSON.parse(recall(CHOSEN_KEY) ?? '[]') as unknown[];
      return code === this.code && typeof device_id === 'string' ? device_id : null;
    } catch {
      return null;
    }
  }
}
