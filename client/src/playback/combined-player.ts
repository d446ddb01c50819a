import type { DevicePlayback, Entry, ProviderId, Room } from '$protocol';
import type { DevicePlayer, PlayerState } from '../providers/device-player';
import type { SpotifyCondition, SpotifyPlayer } from '../providers/spotify/spotify-player';

/**
 * All playback of this device behind one interface: one player for files, another for Spotify; while one plays the
 * other is silent. The Spotify player is loaded when the room has a Spotify track and this user can hear it here.
 */

export interface CombinedPlayerOptions {
  files: DevicePlayer;
  /** Whether the server serves the files of a provider. */
  servesFiles: (provider: ProviderId) => boolean;
  /** Creates the Spotify player, which reports through `stateChanged` and `conditionChanged`. */
  loadSpotify: (players: CombinedPlayer) => Promise<SpotifyPlayer>;
  /** The user has linked Spotify and does not hear it on another device. */
  hearsSpotifyHere: () => boolean;
  onState: (state: PlayerState) => void;
  onSpotify: (condition: SpotifyCondition) => void;
}

/** The server's limit. */
const READY_MAX = 4;

export class CombinedPlayer implements DevicePlayer {
  state: PlayerState = 'off';
  #on = false;
  #room: Room | null = null;
  #volume = 1;
  #spotify: SpotifyPlayer | null = null;
  #loading = false;

  constructor(private readonly options: CombinedPlayerOptions) {}

  turnOn(): void {
    this.#on = true;
    this.options.files.turnOn();
    if (this.options.hearsSpotifyHere()) this.#spotify?.turnOn();
    this.#prepare();
    this.stateChanged();
  }

  turnOff(): void {
    this.#on = false;
    this.options.files.turnOff();
    this.#spotify?.turnOff();
    this.stateChanged();
  }

  wake(): void {
    this.options.files.wake();
    this.#spotify?.wake();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.options.files.setVolume(volume);
    this.#spotify?.setVolume(volume);
  }

  update(room: Room): void {
    this.#room = room;
    this.options.files.update(room);
    this.#prepare();
    this.#spotify?.update(room);
    this.stateChanged();
  }

  level(): number {
    return this.options.files.level();
  }

  get errorMs(): number | null {
    return this.#current()?.errorMs ?? null;
  }

  get deviationMs(): number | null {
    return this.#current()?.deviationMs ?? null;
  }

  /**
   * The status of the current track's player, with the entries that the other players could start at once. `null` when no
   * player here plays the current track: the room does not count this device as a listener of that track.
   */
  status(): DevicePlayback | null {
    const files = this.options.files.status();
    const spotify = this.#spotify?.status() ?? null;
    const own = this.#current()?.status() ?? null;
    if (own === null) return null;
    const ready = new Set([...(own.ready ?? []), ...(files?.ready ?? []), ...(spotify?.ready ?? [])]);
    return { ...own, ready: [...ready].slice(0, READY_MAX) };
  }

  /** Another user is logged in, or the user chose where to hear Spotify. */
  accountChanged(): void {
    this.#spotify?.turnOff();
    if (this.#on && this.options.hearsSpotifyHere()) this.#spotify?.turnOn();
    this.#prepare();
    this.stateChanged();
  }

  /** Called by a player: the combined state may have changed. */
  stateChanged(): void {
    const state = this.#state();
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }

  conditionChanged(condition: SpotifyCondition): void {
    this.options.onSpotify(condition);
    this.stateChanged();
  }

  #state(): PlayerState {
    const files = this.options.files.state;
    if (files === 'off' || files === 'blocked' || files === 'left_out') return files;
    const provider = this.#provider();
    if (provider === undefined || this.options.servesFiles(provider)) return files;
    if (provider !== 'spotify') return 'unsupported';
    const { state } = this.#spotify ?? this.options.files;
    return state === 'off' ? 'silent' : state;
  }

  /** The player of the current track; `null` when this device has none for it. */
  #current(): DevicePlayer | null {
    const provider = this.#provider();
    if (provider === undefined || this.options.servesFiles(provider)) return this.options.files;
    return provider === 'spotify' ? this.#spotify : null;
  }

  #provider(): ProviderId | undefined {
    return this.#room?.now_playing?.track.provider;
  }

  #prepare(): void {
    const wanted = [this.#room?.now_playing, ...(this.#room?.upcoming ?? [])].some(isFromSpotify);
    if (!this.#on || !wanted || this.#loading || this.#spotify !== null || !this.options.hearsSpotifyHere()) return;
    this.#loading = true;
    this.options
      .loadSpotify(this)
      .then((spotify) => {
        this.#spotify = spotify;
        spotify.setVolume(this.#volume);
        if (this.#on && this.options.hearsSpotifyHere()) spotify.turnOn();
        if (this.#room !== null) spotify.update(this.#room);
      })
      .catch(() => {
        // Not reachable: the next change of the room tries again.
        this.options.onSpotify('unreachable');
      })
      .finally(() => {
        this.#loading = false;
      });
  }
}

function isFromSpotify(entry: Entry | null | undefined): boolean {
  return entry?.track.provider === 'spotify';
}
