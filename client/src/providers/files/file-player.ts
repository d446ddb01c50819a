import type { DeviceId, DevicePlayback, Entry, EntryId, Playback, Room, TrackRef } from '$protocol';
import { type Calibration, outputOf } from '../../calibration/calibration';
import type { SignalOutput } from '../../calibration/signals';
import { playsIn } from '../../room/output';
import { Corrector } from '../../sync/corrector';
import { OutputDepth } from '../../sync/output-depth';
import { planStart } from '../../sync/schedule';
import { outgoingEntry, positionAt, sameTimeline } from '../../sync/timeline';
import type { PlayerState } from '../device-player';
import type { LongTrackSource } from './long-track';
import { Loudspeaker } from './loudspeaker';
import type { PlayingTrack } from './playing-track';
import { TrackPreloader } from './track-preloader';

/**
 * Plays the files of the room's timeline on this device. It follows the server, which alone decides what plays next and
 * when. It starts every track at the exact sample, measures continuously how far the audible position is off the
 * timeline, and applies the corrections of `Corrector`.
 */

export interface FilePlayerOptions {
  device: DeviceId;
  createContext: () => AudioContext;
  fetchAudio: (track: TrackRef, signal: AbortSignal) => Promise<ArrayBuffer>;
  /** For tracks that are too long to be decoded. */
  long?: LongTrackSource;
  clock: { ready: boolean; deviationMs: number; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  /** The calibration of an output of this device. */
  calibrated?: (output: string) => Calibration | null;
  onState: (state: PlayerState) => void;
  /** The set of tracks that can start at once has changed. */
  onReady?: () => void;
}

/** A prime number, so that readings do not stay in phase with the blocks that a browser renders. */
const MEASURE_EVERY_MS = 97;
const RETRY_MS = 3_000;
/** A context that may start does so within this time; after it only a user gesture helps. */
const START_WAIT_MS = 500;

export class FilePlayer {
  state: PlayerState = 'off';
  /** How far the audible position is off the room's timeline, as measured here; positive is late. */
  errorMs: number | null = null;
  #speaker: Loudspeaker | null = null;
  /** By output, so that one context starts with what the earlier ones learned. */
  #depths = new Map<string, OutputDepth>();
  #volume = 1;
  #hushed = false;
  #corrector = new Corrector();
  #playing: PlayingTrack | null = null;
  /** The track before, while it plays to its end. */
  #ending: PlayingTrack | null = null;
  /** The timeline that the playing tracks were started for. */
  #followed: Playback | null = null;
  #preloader: TrackPreloader;
  #room: Room | null = null;
  /** Lets a pending load detect that the room has moved on meanwhile. */
  #generation = 0;
  #measuring: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #starting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: FilePlayerOptions) {
    this.#preloader = new TrackPreloader({
      fetch: options.fetchAudio,
      decode: async (encoded) => {
        if (this.#speaker === null) throw new Error('turned off meanwhile');
        return this.#speaker.context.decodeAudioData(encoded);
      },
      long: options.long,
      sampleRate: () => this.#requireSpeaker().context.sampleRate,
      onReady: () => options.onReady?.(),
    });
  }

  /**
   * Starts following the room. From a user gesture this always works; otherwise the browser may refuse: state
   * `blocked`.
   */
  turnOn(): void {
    const speaker = this.#requireSpeaker();
    this.#measuring ??= setInterval(() => this.#measure(), MEASURE_EVERY_MS);
    speaker.wake();
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => {
      this.#starting = undefined;
      this.#follow();
    }, START_WAIT_MS);
    this.#follow();
  }

  turnOff(): void {
    clearInterval(this.#measuring);
    clearTimeout(this.#retry);
    clearTimeout(this.#starting);
    this.#measuring = undefined;
    this.#generation += 1;
    this.#stopTracks();
    this.#preloader.dropAll();
    void this.#speaker?.context.close();
    this.#speaker = null;
    this.#setState('off');
  }

  /** The page is visible again, or the machine woke up: browsers do not always resume a suspended context. */
  wake(): void {
    this.#speaker?.wake();
  }

  /** Headphones may have been plugged in or out: what was learned may belong to another output. */
  outputsChanged(): void {
    for (const depth of this.#depths.values()) depth.forget();
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#speaker?.setVolume(volume);
  }

  /** Mutes the music for a while without stopping it. */
  hush(hushed: boolean): void {
    this.#hushed = hushed;
    this.#speaker?.hush(hushed);
  }

  /** The room changed, or the clock learned the time. */
  update(room: Room): void {
    this.#room = room;
    if (this.#speaker !== null) this.#follow();
  }

  /** Root mean square of the audible signal, 0 to 1. */
  level(): number {
    return this.#speaker === null || this.state === 'off' ? 0 : this.#speaker.level();
  }

  /** The output of this device in use; `null` while it is off. */
  get output(): string | null {
    return this.#speaker?.output ?? null;
  }

  /** Uncertainty of `errorMs`: one standard deviation. */
  get deviationMs(): number | null {
    if (this.errorMs === null || this.#speaker === null) return null;
    const trackMs = this.#playing?.limits.deviationMs ?? 0;
    const pathMs = this.#calibrated?.error_ms ?? this.#speaker.clock.assumedDeviationMs;
    return Math.hypot(this.#measuredMs(this.#speaker), pathMs, trackMs);
  }

  /** The browser does not tell how late its sound is heard: only a calibration can. */
  get assumesLatency(): boolean {
    return this.#speaker !== null && this.#speaker.clock.assumedDeviationMs > 0;
  }

  /** Plays calibration signals through the same output as the music; `null` while there is none. */
  signalOutput(calibrated: boolean): SignalOutput | null {
    const { clock } = this.options;
    const speaker = this.#speaker;
    if (speaker === null || !speaker.running || !clock.ready) return null;
    return {
      context: speaker.context,
      destination: speaker.context.destination,
      nowMs: () => clock.now(),
      contextTimeAt: (serverMs) => {
        const localMs = clock.toLocal(serverMs);
        return calibrated ? speaker.contextTimeAt(localMs) : speaker.clock.contextTimeAt(localMs);
      },
    };
  }

  /** This device's status for the room. */
  status(): DevicePlayback | null {
    if (this.state === 'off' || this.state === 'blocked') return null;
    const playing = this.#playing;
    const at_ms = this.options.clock.now();
    const ready = this.#ready();
    const silent = { entry: null, position_ms: 0, at_ms, error_ms: 0, state: 'idle', ready } as const;
    if (playing === null) return silent;
    const expected_ms = positionAt(playing.timedEntry.playback, at_ms);
    const position_ms = this.#heardPositionMs(playing) ?? expected_ms;
    const entry = playing.timedEntry.entry.id;
    if (this.errorMs === null) {
      return { ...silent, entry, position_ms, error_ms: expected_ms - position_ms, state: 'playing' };
    }
    return {
      entry,
      position_ms,
      at_ms,
      error_ms: this.errorMs,
      deviation_ms: this.deviationMs,
      measured: this.#calibrated === null ? 'estimated' : 'heard',
      state: 'playing',
      ready,
    };
  }

  get #calibrated(): Calibration | null {
    return this.#speaker === null ? null : (this.options.calibrated?.(this.#speaker.output) ?? null);
  }

  #ready(): EntryId[] {
    if (this.#room === null) return [];
    return wantedOf(this.#room).flatMap((entry) => (entry !== null && this.#preloader.isReady(entry) ? entry.id : []));
  }

  #follow(): void {
    const room = this.#room;
    if (room === null || this.#speaker === null) return;
    if (!playsIn(room.output, this.options.device)) {
      this.#becomeExcluded();
      return;
    }
    const [now, next] = wantedOf(room);
    this.#preloader.want(now, next, this.#playing?.timedEntry.entry, this.#ending?.timedEntry.entry);
    const { playback } = room;
    if (!this.#speaker.running) {
      this.#setState(this.#starting === undefined ? 'blocked' : 'loading');
    } else if (!this.options.clock.ready) {
      // A playing track goes on; it was right a moment ago.
      if (this.#playing === null) this.#setState('loading');
    } else if (this.#followed === null || !sameTimeline(this.#followed, playback)) {
      this.#followed = playback;
      this.#generation += 1;
      clearTimeout(this.#retry);
      this.#endTrack(playback);
      if (now !== null && playback.state === 'playing') void this.#play(now, playback, this.#generation);
      else this.#setState('silent');
    }
  }

  /** Silent and loading nothing, but ready: the host may choose this device again. */
  #becomeExcluded(): void {
    clearTimeout(this.#retry);
    this.#generation += 1;
    this.#stopTracks();
    this.#preloader.dropAll();
    const isHeld = !this.#speaker!.running && this.#starting === undefined;
    this.#setState(isHeld ? 'blocked' : 'left_out');
  }

  /** The playing track cannot be trusted: joins the timeline again. */
  #rejoin(): void {
    this.#stopTracks();
    this.#follow();
  }

  async #play(entry: Entry, playback: Playback, turn: number): Promise<void> {
    if (this.state !== 'playing') this.#setState('loading');
    const playable = await this.#preloader.get(entry).catch(() => null);
    if (turn !== this.#generation || this.#speaker === null) return;
    if (playable === null) {
      this.#setState('failed');
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#rejoin(), RETRY_MS);
      return;
    }
    const { context, music } = this.#speaker;
    const start = planStart(playback, this.#anchorOf(playback), context.currentTime, playable.seconds);
    if (start === null) {
      this.#setState('silent');
      return;
    }
    this.#playing = playable.begin(context, music, { entry, playback }, start);
    // Ends the old track where the new one starts, at the same sample, even if the clocks learned something since the
    // end was scheduled.
    if (start.offset === 0) this.#ending?.stopAt(this.#playing.startsAt);
    this.#setState('playing');
  }

  /** At its natural end a track plays out and stops where the next one starts; after any other change it stops now. */
  #endTrack(next: Playback): void {
    this.#ending?.silence();
    this.#ending = this.#playing;
    this.#playing = null;
    this.#forgetError();
    const playing = this.#ending;
    if (playing === null) return;
    if (outgoingEntry(playing.timedEntry, next, this.options.clock.now()) === null) {
      this.#ending = null;
      playing.silence();
      return;
    }
    // Its buffer is a large part of a phone's memory.
    playing.onEnded = () => {
      if (this.#ending === playing) this.#ending = null;
    };
    if (next.state === 'playing') playing.stopAt(this.#anchorOf(next));
  }

  #stopTracks(): void {
    this.#playing?.silence();
    this.#ending?.silence();
    this.#playing = null;
    this.#ending = null;
    this.#followed = null;
    this.#forgetError();
  }

  #measure(): void {
    const speaker = this.#speaker;
    if (!speaker?.running) return;
    speaker.clock.read();
    const playing = this.#playing;
    if (playing === null || !this.options.clock.ready) return;
    const heardMs = this.#heardPositionMs(playing);
    const expectedMs = positionAt(playing.timedEntry.playback, this.options.clock.now());
    const isEnding = expectedMs > playing.timedEntry.entry.track.duration_ms;
    if (heardMs === null || heardMs < playing.startOffset * 1000 || isEnding) return;
    const errorMs = expectedMs - heardMs;
    if (!speaker.clock.settled) {
      // Without sound the position falls behind; nothing else is known.
      if (speaker.clock.stalled) this.errorMs = errorMs;
      return;
    }
    this.#correct(playing, speaker, errorMs);
  }

  #correct(playing: PlayingTrack, speaker: Loudspeaker, errorMs: number): void {
    const atMs = this.options.localNowMs();
    const deviationMs = this.#measuredMs(speaker);
    const correction = this.#corrector.take({ atMs, errorMs, deviationMs }, playing.limits);
    this.errorMs = this.#corrector.errorMs;
    if (correction?.kind === 'nudge') {
      const until = playing.nudge(correction.shiftMs);
      const leftMs = until === null ? 0 : (until - speaker.contextTimeAt(atMs)) * 1000;
      this.#corrector.nudged(correction.shiftMs, atMs, atMs + leftMs);
    } else if (correction?.kind === 'jump') {
      const { playback, entry } = playing.timedEntry;
      const seconds = entry.track.duration_ms / 1000;
      const start = planStart(playback, this.#anchorOf(playback), speaker.context.currentTime, seconds);
      if (start !== null) this.#playing = playing.jump(start);
      this.#corrector.jumped(atMs);
    }
  }

  #measuredMs(speaker: Loudspeaker): number {
    return Math.hypot(this.options.clock.deviationMs, speaker.clock.deviationMs);
  }

  #forgetError(): void {
    this.errorMs = null;
    this.#corrector.forget();
  }

  #heardPositionMs(playing: PlayingTrack): number | null {
    const seconds = playing.offsetAt(this.#requireSpeaker().contextTimeAt(this.options.localNowMs()));
    return seconds === null ? null : seconds * 1000;
  }

  /** The context time at which a timeline's anchor is heard. */
  #anchorOf(playback: Playback): number {
    return this.#requireSpeaker().contextTimeAt(this.options.clock.toLocal(playback.anchor_at_ms));
  }

  #requireSpeaker(): Loudspeaker {
    if (this.#speaker !== null) return this.#speaker;
    const { createContext, localNowMs, calibrated } = this.options;
    const context = createContext();
    const output = outputOf(context);
    const depth = this.#depths.get(output) ?? new OutputDepth();
    this.#depths.set(output, depth);
    const speaker = new Loudspeaker(context, localNowMs, (output) => calibrated?.(output)?.offset_ms ?? 0, depth);
    this.#speaker = speaker;
    speaker.setVolume(this.#volume);
    speaker.hush(this.#hushed);
    context.onstatechange = () => {
      if (speaker !== this.#speaker) return;
      speaker.clock.forget();
      if (!speaker.running) this.#stopTracks();
      this.#follow();
    };
    return speaker;
  }

  #setState(state: PlayerState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }
}

/** The current and the next entry, if they come as files; other players handle the rest. */
function wantedOf(room: Room): [Entry | null, Entry | null] {
  const asFile = (entry: Entry | null | undefined) => (entry?.track.provider === 'library' ? entry : null);
  return [asFile(room.now_playing), asFile(room.upcoming[0])];
}
