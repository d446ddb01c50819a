import type { Device, DevicePlayback, EntryId, ProviderId, Room } from '$protocol';
import { deviceId, playsHere, rememberPlaysHere, thisDevice } from '../browser/device';
import { firstView } from '../browser/first-view';
import { recall, remember } from '../browser/storage';
import { nowMs } from '../browser/wall-clock';
import { CombinedPlayer } from '../playback/combined-player';
import { MediaAnchor, thisAnchorHost } from '../playback/media-anchor';
import type { PlayerState } from '../providers/device-player';
import { FilePlayerOnDemand, type FilesPlayer } from '../providers/files/file-player-on-demand';
import { networkHints, QualityChoice, type QualitySetting, qualitySetting } from '../providers/files/quality-choice';
import { SEGMENT_RATE_HZ } from '../providers/files/segments';
import { volumeIn } from '../room/output';
import type { ServerClock } from '../sync/clock';
import { app } from './app.svelte';
import { DeviceSync } from './device-sync.svelte';
import { RoomSpotify } from './room-spotify.svelte';

const VOLUME_KEY = 'tutti.volume';
const QUALITY_KEY = 'tutti.quality';
/** Events that allow sound. Safari sends no click from what is not a control. */
const GESTURES = ['click', 'touchend', 'keydown'] as const;

export interface LocalPlaybackOptions {
  code: string;
  screen: boolean;
  clock: ServerClock;
  /** What `status` returns may have changed. */
  onStatus: () => void;
  /** The playing entry cannot be played by any device. */
  onUnplayable: (entry: EntryId) => void;
}

function servesFiles(provider: ProviderId): boolean {
  return filesProviders().includes(provider);
}

function filesProviders(): ProviderId[] {
  return app.server?.files ?? [];
}

/** Decodes without an output, and so before a user gesture. */
function decoder(): OfflineAudioContext {
  return new OfflineAudioContext(1, 1, SEGMENT_RATE_HZ);
}

/** Music on this device: its players, its volume, and how well it is in sync. */
export class LocalPlayback {
  state = $state.raw<PlayerState>('off');
  level = $state(0);
  errorMs = $state<number | null>(null);
  volume = $state(Number(recall(VOLUME_KEY) ?? 0.8));
  muted = $state(false);
  /** How loud the host lets this device play, in per cent of its own volume. */
  hostVolume = $state(100);
  quality = $state.raw<QualitySetting>(qualitySetting(recall(QUALITY_KEY)));
  playsHere = $derived(this.state !== 'off');
  readonly sync: DeviceSync;
  readonly spotify: RoomSpotify;
  /** Plays files, and knows the audio outputs of this device. */
  #files: FilePlayerOnDemand<AudioContext>;
  #player: CombinedPlayer;
  #quality = new QualityChoice(networkHints, nowMs);
  #anchor = new MediaAnchor(thisAnchorHost());

  constructor(private readonly options: LocalPlaybackOptions) {
    const { code, clock, onStatus } = options;
    this.#files = new FilePlayerOnDemand({
      createContext: () => new AudioContext({ latencyHint: 'playback', sampleRate: SEGMENT_RATE_HZ }),
      load: (createContext) => this.#loadFiles(createContext),
      onState: () => this.#player.stateChanged(),
    });
    this.spotify = new RoomSpotify(code, clock, () => this.#player.accountChanged());
    this.#player = new CombinedPlayer({
      files: this.#files,
      servesFiles,
      loadSpotify: (player) => this.spotify.load(player),
      hearsSpotifyHere: () => this.spotify.hearsHere,
      onState: (state) => {
        this.state = state;
        this.#anchor.hold(state === 'playing' || state === 'loading');
        onStatus();
      },
      onSpotify: (condition) => {
        this.spotify.condition = condition;
        onStatus();
      },
    });
    this.sync = new DeviceSync(this.#files, this.#player, clock);
    this.#player.setVolume(this.volume);
    this.#quality.setting = this.quality;
  }

  /** Plays again where this device played when the page was open last. Returns the way to stop for good. */
  start(): () => void {
    const outputsChanged = () => this.#files.outputsChanged();
    // Undefined on pages served over plain HTTP.
    const { mediaDevices } = navigator as { mediaDevices?: MediaDevices };
    mediaDevices?.addEventListener('devicechange', outputsChanged);
    if (!this.options.screen) {
      if (playsHere(this.options.code)) this.#player.turnOn();
      else void firstView.then(() => this.#files.prepare());
    }
    // A browser that blocked the sound after a reload allows it with the first gesture, wherever that is. Which event of a tap
    // counts depends on the browser.
    const unblock = () => {
      if (this.state === 'blocked') this.setPlaysHere(true);
      else if (this.playsHere) this.#player.wake();
    };
    for (const gesture of GESTURES) addEventListener(gesture, unblock);
    return () => {
      for (const gesture of GESTURES) removeEventListener(gesture, unblock);
      mediaDevices?.removeEventListener('devicechange', outputsChanged);
      this.turnOff();
    };
  }

  /** This device as `hello` describes it. */
  device(): Device {
    const { screen, code } = this.options;
    const kind = screen ? 'screen' : this.playsHere || playsHere(code) ? 'player' : 'remote';
    // A device can start and stop playing on one connection; what it could play does not change.
    return thisDevice(kind, [...filesProviders(), ...(this.spotify.hearsHere ? ['spotify'] : [])]);
  }

  /** What this device tells the room about its playback; `null` while it takes no part. */
  status(): DevicePlayback | null {
    return this.#player.status();
  }

  /** The room changed, or the clock learned the time. */
  update(room: Room): void {
    const hostVolume = volumeIn(room.output, deviceId());
    if (hostVolume !== this.hostVolume) {
      this.hostVolume = hostVolume;
      this.#applyVolume();
    }
    this.#player.update(room);
  }

  /** Called a few times a second. */
  measure(room: Room | null): void {
    if (!this.playsHere) return;
    this.level = this.#player.level();
    this.errorMs = this.#player.errorMs;
    this.sync.update(room, this.options.clock.now());
  }

  wake(): void {
    this.#player.wake();
  }

  /** The server is there again. */
  reconnected(): void {
    this.#files.reconnected();
  }

  turnOff(): void {
    this.#player.turnOff();
  }

  /** Another user of this device takes over: the music goes on, with their Spotify account. */
  userChanged(): void {
    this.spotify.forget();
    this.#player.accountChanged();
  }

  setPlaysHere(on: boolean): void {
    rememberPlaysHere(this.options.code, on);
    // Called within the gesture, or the browser may refuse it; later the player's state decides.
    this.#anchor.hold(on);
    if (on) this.#player.turnOn();
    else this.#player.turnOff();
  }

  setVolume(volume: number): void {
    this.volume = Math.min(1, Math.max(0, volume));
    this.muted = false;
    remember(VOLUME_KEY, String(this.volume));
    this.#applyVolume();
  }

  /** For the segments that are not fetched yet. */
  setQuality(quality: QualitySetting): void {
    this.quality = quality;
    this.#quality.setting = quality;
    remember(QUALITY_KEY, quality);
  }

  setMuted(muted: boolean): void {
    this.muted = muted;
    this.#applyVolume();
  }

  async #loadFiles(createContext: () => AudioContext): Promise<FilesPlayer> {
    const [{ FilePlayer }, { decodableQualities, decodeSegment, receiveSegment }] = await Promise.all([
      import('../providers/files/file-player'),
      import('../providers/files/segment-decoder'),
    ]);
    return new FilePlayer({
      device: deviceId(),
      createContext,
      servesFiles,
      fetchSegment: async ({ track, number }, quality, signal) =>
        receiveSegment(await app.api.segment(track, quality, number, signal), nowMs),
      decodeSegment: (fetched, quality) => decodeSegment(decoder(), fetched, quality),
      decodable: () => decodableQualities(decoder()),
      quality: this.#quality,
      clock: this.options.clock,
      localNowMs: nowMs,
      calibrated: (output) => this.sync.calibrations.of(output),
      onState: () => this.#player.stateChanged(),
      onReady: this.options.onStatus,
      onUnplayable: this.options.onUnplayable,
    });
  }

  #applyVolume(): void {
    this.#player.setVolume(this.muted ? 0 : (this.volume * this.hostVolume) / 100);
  }
}
