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
 * Makes what the room plays from Spotify heard in this browser. It follows the timeline and never leads: every track is
 * started by one command with its place, aimed ahead by as much as starts take on this device; what is off by more than
 * the dead band is put right by a seek; and what Spotify would play of its own accord is stopped.
 */

export type SpotifyCondition =
  | DeviceCondition
  /** The account plays on another of its devices now. */
  | 'taken'
  /** Spotify does not play this track to this account. */
  | 'unplayable';

export interface SpotifyPlayerOptions
  extends Omit<WebPlaybackDeviceOptions, 'onCondition' | 'onState' | 'onBlocked' | 'onPlaybackError'> {
  device: DeviceId;
  /** Has Spotify play a track on a device, from there; rejects with a {@link Failure}. */
  play: (start: { device_id: string; track: string; position_ms: number }) => Promise<void>;
  clock: { ready: boolean; deviationMs: number; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  memory: Memory;
  onState: (state: PlayerState) => void;
  onCondition: (condition: SpotifyCondition) => void;
}

const MEASURE_EVERY_MS = 1_000;
/** Until then a position runs ahead of what is heard, if the music is still on its way. */
const SETTLE_MS = 2_000;
/** A start of which nothing is seen by then is tried again, so many times. */
const CONFIRM_WAIT_MS = 5_000;
const STARTS_MAX = 3;
/** So long before its end a track is stopped, if nothing of Spotify's follows: then Spotify chooses nothing itself. */
const END_GUARD_MS = 150;
/** A track that still has to wait so long for its start gets silence before it. */
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
  /** The start that was asked for last; `null`: silence is wanted. */
  #requested: RequestedPlayback | null = null;
  #observed: ObservedPlayback | null = null;
  #pauses = 0;
  #volume = 1;
  #hushed = false;
  /** What the SDK says of playing means nothing until somebody tapped. */
  #blocked = false;
  /** Tells what is waited for whether the room has moved on meanwhile. */
  #turn = 0;
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
    else this.#device.again();
    // What somebody took to another device, or could not be heard here, they want here now.
    if (this.#device.condition === 'ready') this.#setCondition('ready');
    this.#refollow();
  }

  turnOff(): void {
    this.#on = false;
    clearInterval(this.#measuring);
    this.#measuring = undefined;
    this.#quiet();
    this.#followed = null;
    this.#device.disconnect();
    this.#setCondition('off');
    this.#setState('off');
  }

  wake(): void {
    if (!this.#on) return;
    // Whatever was measured is from before.
    this.#leadTime.forget();
    if (this.condition === 'unreachable') this.#device.again();
    void this.#look();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    if (!this.#hushed) this.#device.setVolume(volume);
  }

  update(room: Room): void {
    this.#room = room;
    this.#follow();
  }

  /** Nobody outside of the SDK sees what it plays. */
  level(): number {
    return 0;
  }

  status(): DevicePlayback | null {
    if (!this.able || this.state === 'off' || this.state === 'blocked') return null;
    const at_ms = this.options.clock.now();
    const ready = this.#ready();
    const asked = this.#requested;
    if (asked === null || this.#observed === null || asked.confirmedAtMs === null) {
      return { entry: null, position_ms: 0, at_ms, error_ms: 0, state: 'idle', ready };
    }
    const position_ms = positionOf(this.#observed, this.options.localNowMs());
    const said = { entry: asked.entry.id, position_ms, at_ms, state: 'playing', ready } as const;
    const error_ms = this.errorMs;
    if (error_ms === null) return { ...said, error_ms: positionAt(asked.playback, at_ms) - position_ms };
    return { ...said, error_ms, deviation_ms: this.deviationMs, measured: 'estimated' };
  }

  get errorMs(): number | null {
    return this.#leadTime.errorMs;
  }

  get deviationMs(): number | null {
    return this.#leadTime.deviationMs(this.options.clock.deviationMs);
  }

  /** Nothing is fetched ahead, but a start needs no more than its command: to wait for this device would help nobody. */
  #ready(): EntryId[] {
    if (this.condition !== 'ready' || this.#room === null) return [];
    return [this.#room.now_playing, this.#room.upcoming[0] ?? null].flatMap((entry) => fromSpotify(entry)?.id ?? []);
  }

  #follow(): void {
    const room = this.#room;
    if (!this.#on || room === null) return;
    const { playback } = room;
    if (!playsIn(room.output, this.options.device)) {
      this.#quiet();
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

  /** A start, at the moment from which it takes as long as starts take here. */
  #begin(entry: Entry, playback: Playback): void {
    const before = this.#requested;
    this.#forget();
    const asked: RequestedPlayback = {
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
    this.#requested = asked;
    const waitMs =
      this.options.clock.toLocal(playback.anchor_at_ms) - this.options.localNowMs() - this.#leadTime.startMs;
    const natural =
      before !== null &&
      outgoingEntry({ entry: before.entry, playback: before.playback }, playback, this.options.clock.now());
    if (waitMs > HUSH_MS && !natural) void this.#device.sdk?.pause().catch(() => {});
    if (this.state !== 'playing' || !natural) this.#setState('loading');
    if (waitMs > 0) this.#starting = setTimeout(() => void this.#start(asked), waitMs);
    else void this.#start(asked);
  }

  async #start(asked: RequestedPlayback): Promise<void> {
    const turn = this.#turn;
    const device_id = this.#device.id;
    if (device_id === null) return;
    asked.starts += 1;
    asked.accepted = false;
    // What was taken for it the last time may have been Spotify's own choice.
    if (asked.starts > 1) asked.uri = null;
    const aheadMs = this.#leadTime.at('start', this.options.localNowMs());
    const position = positionAt(asked.playback, this.options.clock.now() + aheadMs);
    if (position >= asked.entry.track.duration_ms - END_GUARD_MS) {
      this.#setState('silent');
      return;
    }
    asked.positionMs = Math.max(0, Math.round(position));
    asked.atMs = this.options.localNowMs();
    try {
      await this.options.play({ device_id, track: asked.entry.track.id, position_ms: asked.positionMs });
    } catch (error) {
      if (turn === this.#turn) this.#startRefused(asked, error);
      return;
    }
    if (turn !== this.#turn) return;
    asked.accepted = true;
    if (asked.confirmedAtMs !== null) return;
    // Its event may have come before this answer.
    void this.#look();
    this.#starting = setTimeout(() => void this.#doubt(asked), CONFIRM_WAIT_MS);
  }

  /** Nothing was seen of a start. Events come late, or never: the SDK is asked before it is tried again. */
  async #doubt(asked: RequestedPlayback): Promise<void> {
    const turn = this.#turn;
    await this.#look();
    if (turn !== this.#turn || asked.confirmedAtMs !== null) return;
    if (asked.starts < STARTS_MAX) return this.#start(asked);
    this.#setCondition('unplayable');
    this.#setState('silent');
  }

  #startRefused(asked: RequestedPlayback, error: unknown): void {
    const code = error instanceof Failure ? error.code : 'unavailable';
    this.#setState('failed');
    if (code === 'premium_required' || code === 'needs_login') {
      // The way to a token says what it is.
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
        void this.#start(asked);
      }, waitMs);
    }
  }

  /** Spotify could not play on: what it has is thrown away and asked for anew. */
  #playbackFailed(): void {
    const asked = this.#requested;
    if (asked === null || asked.starts >= STARTS_MAX) return;
    clearTimeout(this.#starting);
    asked.confirmedAtMs = null;
    this.#setState('loading');
    this.#starting = setTimeout(() => void this.#start(asked), RETRY_MS);
  }

  #silence(next: Playback): void {
    const asked = this.#requested;
    const part = asked === null ? null : { entry: asked.entry, playback: asked.playback };
    const now = this.options.clock.now();
    const outgoing = asked?.confirmedAtMs != null ? outgoingEntry(part, next, now) : null;
    if (outgoing === null) {
      this.#quiet();
    } else {
      // What is early, within the dead band, is at its end earlier.
      const { duration_ms } = outgoing.entry.track;
      const seenMs = this.#observed === null ? 0 : positionOf(this.#observed, this.options.localNowMs());
      const leftMs = Math.min(endAt(outgoing.playback, duration_ms) - now, duration_ms - seenMs) - END_GUARD_MS;
      clearTimeout(this.#ending);
      this.#ending = setTimeout(() => this.#quiet(), Math.max(0, leftMs));
    }
    this.#setState('silent');
  }

  /** Nothing is to be heard. */
  #quiet(): void {
    const sounded = this.#requested !== null;
    this.#forget();
    this.#requested = null;
    this.#pauses = 0;
    if (sounded) void this.#device.sdk?.pause().catch(() => {});
    this.#hush(false);
  }

  #forget(): void {
    this.#turn += 1;
    clearTimeout(this.#starting);
    clearTimeout(this.#ending);
    this.#observed = null;
    this.#leadTime.forget();
  }

  #takeEvent(state: SdkState | null): void {
    if (!this.#on) return;
    if (state === null) {
      // Without a start of ours before it, it says nothing.
      if (this.#requested?.confirmedAtMs != null) this.#taken();
      return;
    }
    this.#take(state, this.options.localNowMs());
  }

  #take(state: SdkState, atMs: number): void {
    const asked = this.#requested;
    const nowMs = this.options.localNowMs();
    if (asked === null) {
      if (!state.paused && this.#pauses < PAUSES_MAX) {
        this.#pauses += 1;
        void this.#device.sdk?.pause().catch(() => {});
      }
      return;
    }
    if (!isTrackOf(asked, state, nowMs)) {
      // Chosen by Spotify itself, or from before: not to be heard until ours is there.
      if (!state.paused && state.track_window.current_track?.uri !== asked.before) this.#hush(true);
      if (asked.confirmedAtMs !== null) this.#observed = null;
      return;
    }
    asked.uri = state.track_window.current_track?.uri ?? asked.uri;
    this.#observed = { positionMs: state.position, atMs, paused: state.paused, loading: state.loading ?? false };
    if (state.paused || asked.confirmedAtMs !== null) return;
    asked.confirmedAtMs = nowMs;
    clearTimeout(this.#starting);
    this.#hush(false);
    this.#setState('playing');
  }

  #taken(): void {
    this.#forget();
    this.#requested = null;
    this.#setCondition('taken');
    this.#setState('silent');
  }

  /** By volume, which is quick and cannot come after the command that follows it. */
  #hush(on: boolean): void {
    if (on === this.#hushed) return;
    this.#hushed = on;
    this.#device.setVolume(on ? 0 : this.#volume);
  }

  /** What the SDK says when it is asked: where events do not come, and as often as they are not needed. */
  async #look(): Promise<void> {
    const turn = this.#turn;
    const fromMs = this.options.localNowMs();
    const state = await this.#device.sdk?.getCurrentState().catch(() => null);
    if (turn !== this.#turn || state === undefined || state === null) return;
    this.#take(state, (fromMs + this.options.localNowMs()) / 2);
  }

  async #measure(): Promise<void> {
    const asked = this.#requested;
    if (asked === null || asked.confirmedAtMs === null) return;
    const turn = this.#turn;
    await this.#look();
    const seen = this.#observed;
    if (turn !== this.#turn || !this.options.clock.ready) return;
    const atMs = this.options.localNowMs();
    const expectedMs = positionAt(asked.playback, this.options.clock.now());
    if (expectedMs > asked.entry.track.duration_ms - SETTLE_MS || atMs - asked.confirmedAtMs < SETTLE_MS) return;
    if (seen === null || seen.paused) this.#stopped(asked);
    if (seen === null || seen.paused || seen.loading) return;
    const seeks = this.#leadTime.take({ atMs, errorMs: expectedMs - positionOf(seen, atMs) });
    // What went well so long may go wrong as often again.
    if (this.#leadTime.isSure) asked.starts = 1;
    if (seeks) this.#seek(asked, atMs);
  }

  #seek(asked: RequestedPlayback, atMs: number): void {
    const to = positionAt(asked.playback, this.options.clock.now() + this.#leadTime.at('seek', atMs));
    asked.confirmedAtMs = atMs;
    void this.#device.sdk?.seek(Math.max(0, Math.round(to))).catch(() => {});
  }

  /** Paused by a key of the machine, or led elsewhere, while the room plays on: back to the room, a few times. */
  #stopped(asked: RequestedPlayback): void {
    asked.confirmedAtMs = null;
    this.#setState(asked.starts < STARTS_MAX ? 'loading' : 'silent');
    if (asked.starts < STARTS_MAX) void this.#start(asked);
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

/** What comes from Spotify; the rest is played by other players. */
export function fromSpotify(entry: Entry | null): Entry | null {
  return entry?.track.provider === 'spotify' ? entry : null;
}
