import type { DeviceId, DevicePlayback, Entry, EntryId, Playback, Room } from '$protocol';
import type { Memory } from '../../browser/storage';
import { playsIn } from '../../room/output';
import { Failure } from '../../session/http';
import { endAt, outgoingEntry, positionAt, sameTimeline } from '../../sync/timeline';
import type { DevicePlayer, PlayerState } from '../device-player';
import { LeadTime } from './lead-time';
import type { SdkState } from './sdk';
import { isTrackOf, type ObservedPlayback, positionOf, type RequestedPlayback } from './sdk-state';
import { type DeviceCondition, WebPlaybackDevice, type WebPlaybackDeviceOptions } from './web-playback-device';

/**
 * Plays the room's Spotify tracks in this browser. It follows the timeline: one command starts each track at its
 * position, sent early by the lead time of this device; an error beyond the dead band is corrected by a seek; and
 * tracks that Spotify would play by itself are stopped.
 */

export type SpotifyCondition =
  | DeviceCondition
  /** The account plays on another of its devices. */
  | 'taken'
  /** Spotify does not play this track for this account. */
  | 'unplayable';

export interface SpotifyPlayerOptions
  extends Omit<WebPlaybackDeviceOptions, 'onCondition' | 'onState' | 'onBlocked' | 'onPlaybackError'> {
  device: DeviceId;
  /** Starts a track on a device at a position; rejects with a {@link Failure}. */
  play: (start: { device_id: string; track: string; position_ms: number }) => Promise<void>;
  clock: { ready: boolean; deviationMs: number; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  memory: Memory;
  onState: (state: PlayerState) => void;
  onCondition: (condition: SpotifyCondition) => void;
}

const MEASURE_EVERY_MS = 1_000;
/** Until then the reported position may run ahead of the audible one while Spotify is buffering. */
const SETTLE_MS = 2_000;
/** A start without visible effect by then is retried this many times. */
const CONFIRM_WAIT_MS = 5_000;
const STARTS_MAX = 3;
/** A track is stopped this long before its end if no Spotify track follows, so that Spotify does not choose one. */
const END_GUARD_MS = 150;
/** A track whose start is further away than this is preceded by silence. */
const HUSH_MS = 600;
const PAUSES_MAX = 5;
const RETRY_MS = 3_000;

export class SpotifyPlayer implements DevicePlayer {
  state: PlayerState = 'off';
  condition: SpotifyCondition = 'off';
  #on = false;
  #room: Room | null = null;
  #device: WebPlaybackDevice;
  #leadTime: LeadTime;
  /** The timeline that is followed. */
  #followed: Playback | null = null;
  /** The last requested start; `null`: silence. */
  #requested: RequestedPlayback | null = null;
  #observed: ObservedPlayback | null = null;
  #pauses = 0;
  #volume = 1;
  #hushed = false;
  /** The SDK's playing state means nothing until the user has tapped. */
  #blocked = false;
  /** Lets a pending answer detect that the room has moved on meanwhile. */
  #generation = 0;
  #starting: ReturnType<typeof setTimeout> | undefined;
  #ending: ReturnType<typeof setTimeout> | undefined;
  #measuring: ReturnType<typeof setInterval> | undefined;

  constructor(private readonly options: SpotifyPlayerOptions) {
    this.#leadTime = new LeadTime(options.memory);
    this.#device = new WebPlaybackDevice({
      ...options,
      onCondition: (condition) => this.#deviceBecame(condition),
      onState: (state) => this.#takeEvent(state),
      onBlocked: () => this.#wantsTap(),
      onPlaybackError: () => this.#playbackFailed(),
    });
  }

  /** Whether this device could play the room's next Spotify track, as far as it knows. */
  get able(): boolean {
    return this.#on && (this.condition === 'ready' || this.condition === 'connecting');
  }

  turnOn(): void {
    this.#on = true;
    this.#blocked = false;
    this.#device.activate();
    this.#measuring ??= setInterval(() => void this.#measure(), MEASURE_EVERY_MS);
    if (this.state === 'off' || this.state === 'blocked') this.#setState('silent');
    if (this.#device.condition === 'off') this.#device.connect();
    else this.#device.retry();
    // The user turned playback on here: a transfer to another device no longer counts.
    if (this.#device.condition === 'ready') this.#setCondition('ready');
    this.#refollow();
  }

  turnOff(): void {
    this.#on = false;
    clearInterval(this.#measuring);
    this.#measuring = undefined;
    this.#stopPlayback();
    this.#followed = null;
    this.#device.disconnect();
    this.#setCondition('off');
    this.#setState('off');
  }

  wake(): void {
    if (!this.#on) return;
    // Earlier measurements are outdated.
    this.#leadTime.forget();
    if (this.condition === 'unreachable') this.#device.retry();
    void this.#poll();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    if (!this.#hushed) this.#device.setVolume(volume);
  }

  update(room: Room): void {
    this.#room = room;
    this.#follow();
  }

  /** The SDK does not expose its audio. */
  level(): number {
    return 0;
  }

  status(): DevicePlayback | null {
    if (!this.able || this.state === 'off' || this.state === 'blocked') return null;
    const at_ms = this.options.clock.now();
    const ready = this.#ready();
    const requested = this.#requested;
    if (requested === null || this.#observed === null || requested.confirmedAtMs === null) {
      return { entry: null, position_ms: 0, at_ms, error_ms: 0, state: 'idle', ready };
    }
    const position_ms = positionOf(this.#observed, this.options.localNowMs());
    const status = { entry: requested.entry.id, position_ms, at_ms, state: 'playing', ready } as const;
    const error_ms = this.errorMs;
    if (error_ms === null) return { ...status, error_ms: positionAt(requested.playback, at_ms) - position_ms };
    return { ...status, error_ms, deviation_ms: this.deviationMs, measured: 'estimated' };
  }

  get errorMs(): number | null {
    return this.#leadTime.errorMs;
  }

  get deviationMs(): number | null {
    return this.#leadTime.deviationMs(this.options.clock.deviationMs);
  }

  /** Nothing is preloaded, but a start needs only its command: waiting for this device would not help. */
  #ready(): EntryId[] {
    if (this.condition !== 'ready' || this.#room === null) return [];
    return [this.#room.now_playing, this.#room.upcoming[0] ?? null].flatMap((entry) => fromSpotify(entry)?.id ?? []);
  }

  #follow(): void {
    const room = this.#room;
    if (!this.#on || room === null) return;
    const { playback } = room;
    if (!playsIn(room.output, this.options.device)) {
      this.#stopPlayback();
      this.#followed = null;
      this.#setState('left_out');
      return;
    }
    if (this.#followed !== null && sameTimeline(this.#followed, playback)) return;
    const wanted = playback.state === 'playing' ? fromSpotify(room.now_playing) : null;
    if (wanted === null) {
      this.#followed = playback;
      this.#silence(playback);
    } else if (this.condition === 'unplayable' && wanted.id !== this.#requested?.entry.id) {
      this.#setCondition(this.#device.condition);
      this.#follow();
    } else if (this.condition === 'ready' && this.options.clock.ready) {
      this.#followed = playback;
      this.#begin(wanted, playback);
    } else {
      this.#setState(this.able ? 'loading' : 'silent');
    }
  }

  #refollow(): void {
    this.#followed = null;
    this.#follow();
  }

  /** Starts the track early by its lead time. */
  #begin(entry: Entry, playback: Playback): void {
    const before = this.#requested;
    this.#forget();
    const requested: RequestedPlayback = {
      entry,
      playback,
      before: before?.uri ?? null,
      // The same track again looks the same, however it was relinked.
      uri: before?.entry.track.id === entry.track.id ? before.uri : null,
      positionMs: playback.anchor_position_ms,
      atMs: this.options.localNowMs(),
      confirmedAtMs: null,
      starts: 0,
      accepted: false,
    };
    this.#requested = requested;
    const waitMs =
      this.options.clock.toLocal(playback.anchor_at_ms) - this.options.localNowMs() - this.#leadTime.startMs;
    const natural =
      before !== null &&
      outgoingEntry({ entry: before.entry, playback: before.playback }, playback, this.options.clock.now());
    if (waitMs > HUSH_MS && !natural) void this.#device.sdk?.pause().catch(() => {});
    if (this.state !== 'playing' || !natural) this.#setState('loading');
    if (waitMs > 0) this.#starting = setTimeout(() => void this.#start(requested), waitMs);
    else void this.#start(requested);
  }

  async #start(requested: RequestedPlayback): Promise<void> {
    const turn = this.#generation;
    const device_id = this.#device.id;
    if (device_id === null) return;
    requested.starts += 1;
    requested.accepted = false;
    // The track taken for it the last time may have been Spotify's own choice.
    if (requested.starts > 1) requested.uri = null;
    const aheadMs = this.#leadTime.at('start', this.options.localNowMs());
    const position = positionAt(requested.playback, this.options.clock.now() + aheadMs);
    if (position >= requested.entry.track.duration_ms - END_GUARD_MS) {
      this.#setState('silent');
      return;
    }
    requested.positionMs = Math.max(0, Math.round(position));
    requested.atMs = this.options.localNowMs();
    try {
      await this.options.play({ device_id, track: requested.entry.track.id, position_ms: requested.positionMs });
    } catch (error) {
      if (turn === this.#generation) this.#startRefused(requested, error);
      return;
    }
    if (turn !== this.#generation) return;
    requested.accepted = true;
    if (requested.confirmedAtMs !== null) return;
    // Its event may have arrived before this answer.
    void this.#poll();
    this.#starting = setTimeout(() => void this.#checkStart(requested), CONFIRM_WAIT_MS);
  }

  /** No effect of a start was seen. Events come late, or never: asks the SDK before retrying. */
  async #checkStart(requested: RequestedPlayback): Promise<void> {
    const turn = this.#generation;
    await this.#poll();
    if (turn !== this.#generation || requested.confirmedAtMs !== null) return;
    if (requested.starts < STARTS_MAX) return this.#start(requested);
    this.#setCondition('unplayable');
    this.#setState('silent');
  }

  #startRefused(requested: RequestedPlayback, error: unknown): void {
    const code = error instanceof Failure ? error.code : 'unavailable';
    this.#setState('failed');
    if (code === 'premium_required' || code === 'needs_login') {
      // The token request says what is wrong.
      this.#device.disconnect();
      this.#device.connect();
    } else if (code === 'invalid') {
      this.#setCondition('unplayable');
      this.#setState('silent');
    } else {
      const waitMs = (error instanceof Failure ? error.retryAfterMs : null) ?? RETRY_MS;
      if (code === 'rate_limited') this.#setCondition('busy');
      this.#starting = setTimeout(() => {
        if (this.condition === 'busy') this.#setCondition(this.#device.condition);
        void this.#start(requested);
      }, waitMs);
    }
  }

  /** Spotify could not continue: discards its state and requests the track again. */
  #playbackFailed(): void {
    const requested = this.#requested;
    if (requested === null || requested.starts >= STARTS_MAX) return;
    clearTimeout(this.#starting);
    requested.confirmedAtMs = null;
    this.#setState('loading');
    this.#starting = setTimeout(() => void this.#start(requested), RETRY_MS);
  }

  #silence(next: Playback): void {
    const requested = this.#requested;
    const current = requested === null ? null : { entry: requested.entry, playback: requested.playback };
    const now = this.options.clock.now();
    const outgoing = requested?.confirmedAtMs != null ? outgoingEntry(current, next, now) : null;
    if (outgoing === null) {
      this.#stopPlayback();
    } else {
      // A track that is early, within the dead band, ends earlier.
      const { duration_ms } = outgoing.entry.track;
      const seenMs = this.#observed === null ? 0 : positionOf(this.#observed, this.options.localNowMs());
      const leftMs = Math.min(endAt(outgoing.playback, duration_ms) - now, duration_ms - seenMs) - END_GUARD_MS;
      clearTimeout(this.#ending);
      this.#ending = setTimeout(() => this.#stopPlayback(), Math.max(0, leftMs));
    }
    this.#setState('silent');
  }

  /** Nothing should be audible. */
  #stopPlayback(): void {
    const sounded = this.#requested !== null;
    this.#forget();
    this.#requested = null;
    this.#pauses = 0;
    if (sounded) void this.#device.sdk?.pause().catch(() => {});
    this.#mute(false);
  }

  #forget(): void {
    this.#generation += 1;
    clearTimeout(this.#starting);
    clearTimeout(this.#ending);
    this.#observed = null;
    this.#leadTime.forget();
  }

  #takeEvent(state: SdkState | null): void {
    if (!this.#on) return;
    if (state === null) {
      // Without a requested start the state means nothing.
      if (this.#requested?.confirmedAtMs != null) this.#accountTaken();
      return;
    }
    this.#take(state, this.options.localNowMs());
  }

  #take(state: SdkState, atMs: number): void {
    const requested = this.#requested;
    const nowMs = this.options.localNowMs();
    if (requested === null) {
      if (!state.paused && this.#pauses < PAUSES_MAX) {
        this.#pauses += 1;
        void this.#device.sdk?.pause().catch(() => {});
      }
      return;
    }
    if (!isTrackOf(requested, state, nowMs)) {
      // Chosen by Spotify itself, or left over: mutes it until the requested track plays.
      if (!state.paused && state.track_window.current_track?.uri !== requested.before) this.#mute(true);
      if (requested.confirmedAtMs !== null) this.#observed = null;
      return;
    }
    requested.uri = state.track_window.current_track?.uri ?? requested.uri;
    this.#observed = { positionMs: state.position, atMs, paused: state.paused, loading: state.loading ?? false };
    if (state.paused || requested.confirmedAtMs !== null) return;
    requested.confirmedAtMs = nowMs;
    clearTimeout(this.#starting);
    this.#mute(false);
    this.#setState('playing');
  }

  #accountTaken(): void {
    this.#forget();
    this.#requested = null;
    this.#setCondition('taken');
    this.#setState('silent');
  }

  /** By volume, which takes effect at once and cannot overtake the command that follows. */
  #mute(on: boolean): void {
    if (on === this.#hushed) return;
    this.#hushed = on;
    this.#device.setVolume(on ? 0 : this.#volume);
  }

  /** Polls the SDK's state: often while no events come, rarely otherwise. */
  async #poll(): Promise<void> {
    const turn = this.#generation;
    const fromMs = this.options.localNowMs();
    const state = await this.#device.sdk?.getCurrentState().catch(() => null);
    if (turn !== this.#generation || state === undefined || state === null) return;
    this.#take(state, (fromMs + this.options.localNowMs()) / 2);
  }

  async #measure(): Promise<void> {
    const requested = this.#requested;
    if (requested === null || requested.confirmedAtMs === null) return;
    const turn = this.#generation;
    await this.#poll();
    const seen = this.#observed;
    if (turn !== this.#generation || !this.options.clock.ready) return;
    const atMs = this.options.localNowMs();
    const expectedMs = positionAt(requested.playback, this.options.clock.now());
    if (expectedMs > requested.entry.track.duration_ms - SETTLE_MS || atMs - requested.confirmedAtMs < SETTLE_MS)
      return;
    if (seen === null || seen.paused) this.#stopped(requested);
    if (seen === null || seen.paused || seen.loading) return;
    const seeks = this.#leadTime.take({ atMs, errorMs: expectedMs - positionOf(seen, atMs) });
    // A long enough success resets the retry count.
    if (this.#leadTime.isSure) requested.starts = 1;
    if (seeks) this.#seek(requested, atMs);
  }

  #seek(requested: RequestedPlayback, atMs: number): void {
    const to = positionAt(requested.playback, this.options.clock.now() + this.#leadTime.at('seek', atMs));
    requested.confirmedAtMs = atMs;
    void this.#device.sdk?.seek(Math.max(0, Math.round(to))).catch(() => {});
  }

  /** Paused by a media key, or moved away, while the room plays: returns to the room, a few times. */
  #stopped(requested: RequestedPlayback): void {
    requested.confirmedAtMs = null;
    this.#setState(requested.starts < STARTS_MAX ? 'loading' : 'silent');
    if (requested.starts < STARTS_MAX) void this.#start(requested);
  }

  #wantsTap(): void {
    this.#setState('blocked');
    this.#blocked = true;
  }

  #deviceBecame(condition: DeviceCondition): void {
    if (!this.#on) return;
    this.#setCondition(condition);
    if (condition !== 'ready') {
      this.#forget();
      this.#requested = null;
    }
    this.#refollow();
  }

  #setCondition(condition: SpotifyCondition): void {
    if (condition === this.condition) return;
    this.condition = condition;
    this.options.onCondition(condition);
  }

  #setState(state: PlayerState): void {
    if (state === this.state || (this.#blocked && state !== 'off')) return;
    this.state = state;
    this.options.onState(state);
  }
}

/** The entry, if it is from Spotify; other players handle the rest. */
export function fromSpotify(entry: Entry | null): Entry | null {
  return entry?.track.provider === 'spotify' ? entry : null;
}
