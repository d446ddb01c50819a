import type { DeviceId, DevicePlayback, Entry, EntryId, Playback, ProviderId, Room } from '$protocol';
import { type Calibration, outputOf } from '../../calibration/calibration';
import type { SignalOutput } from '../../calibration/signals';
import { playsIn } from '../../room/output';
import { Corrector } from '../../sync/corrector';
import { OutputDepth } from '../../sync/output-depth';
import { planStart } from '../../sync/schedule';
import { outgoingEntry, positionAt, sameTimeline, type TimedEntry } from '../../sync/timeline';
import type { PlayerState } from '../device-player';
import { Loudspeaker } from './loudspeaker';
import type { QualityChoice } from './quality-choice';
import { type FetchedSegment, SegmentStore } from './segment-store';
import { firstSegment, type Upcoming, wantedSegments } from './segment-window';
import { SegmentedPlayingTrack } from './segmented-playing-track';
import { type AudioQuality, type SegmentRef, segmentAt, segmentKey } from './segments';

/**
 * Plays the files of the room's timeline on this device, segment by segment. It follows the server, which alone decides
 * what plays next and when. It starts every track at the exact sample, measures continuously how far the audible position
 * is off the timeline, and applies the corrections of `Corrector`.
 */

export interface FilePlayerOptions {
  device: DeviceId;
  createContext: () => AudioContext;
  /** Whether the server serves the files of a provider. */
  servesFiles: (provider: ProviderId) => boolean;
  fetchSegment: (segment: SegmentRef, quality: AudioQuality, signal: AbortSignal) => Promise<FetchedSegment>;
  decodeSegment: (fetched: FetchedSegment, quality: AudioQuality) => Promise<AudioBuffer>;
  /** The qualities that this browser decodes. */
  decodable: () => Promise<readonly AudioQuality[]>;
  quality: QualityChoice;
  clock: { ready: boolean; deviationMs: number; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  /** The calibration of an output of this device. */
  calibrated?: (output: string) => Calibration | null;
  onState: (state: PlayerState) => void;
  /** The set of tracks that can start at once has changed. */
  onReady?: () => void;
  /** The playing entry cannot be played by any device. */
  onUnplayable?: (entry: EntryId) => void;
}

/** A prime number, so that readings do not stay in phase with the blocks that a browser renders. */
const TICK_MS = 97;
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
  #playing: SegmentedPlayingTrack | null = null;
  /** The track before, while it plays to its end. */
  #ending: SegmentedPlayingTrack | null = null;
  /** What plays as soon as its segment is there. */
  #due: TimedEntry | null = null;
  /** The timeline that the playing tracks were started for. */
  #followed: Playback | null = null;
  #room: Room | null = null;
  readonly #store: SegmentStore;
  /** The place that the store fetches for. */
  #wantedAt = '';
  /** The qualities that this browser decodes; `null` while it is not known. */
  #decodable: readonly AudioQuality[] | null = null;
  /** A segment that should be heard is missing. */
  #starved = false;
  #reportedReady = '';
  #reportedUnplayable: EntryId | null = null;
  #ticking: ReturnType<typeof setInterval> | undefined;
  #starting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: FilePlayerOptions) {
    const { quality, fetchSegment, decodeSegment } = options;
    this.#store = new SegmentStore({
      fetch: async (segment, choice, signal) => {
        const fetched = await fetchSegment(segment, choice, signal);
        quality.fetched(choice, fetched.encoded.byteLength, fetched.samples, fetched.transferMs);
        return fetched;
      },
      decode: decodeSegment,
      quality: () => quality.quality,
      random: Math.random,
      onChange: () => this.#segmentsChanged(),
    });
  }

  /**
   * Starts following the room. From a user gesture this always works; otherwise the browser may refuse: state
   * `blocked`.
   */
  turnOn(): void {
    const speaker = this.#requireSpeaker();
    this.#ticking ??= setInterval(() => this.#tick(), TICK_MS);
    speaker.wake();
    void this.#detect();
    clearTimeout(this.#starting);
    this.#starting = setTimeout(() => {
      this.#starting = undefined;
      this.#follow();
    }, START_WAIT_MS);
    this.#follow();
  }

  turnOff(): void {
    clearInterval(this.#ticking);
    clearTimeout(this.#starting);
    this.#ticking = undefined;
    this.#stopTracks();
    this.#store.want([]);
    this.#wantedAt = '';
    void this.#speaker?.context.close();
    this.#speaker = null;
    this.#showState();
  }

  /** The page is visible again, or the machine woke up: browsers do not always resume a suspended context. */
  wake(): void {
    this.#speaker?.wake();
  }

  /** The server is there again. */
  reconnected(): void {
    this.#store.retry();
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
    const pathMs = this.#calibrated?.error_ms ?? this.#speaker.clock.assumedDeviationMs;
    return Math.hypot(this.#measuredMs(this.#speaker), pathMs);
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
    if (this.state === 'off' || this.state === 'blocked' || this.state === 'undecodable') return null;
    const playing = this.#playing;
    const at_ms = this.options.clock.now();
    const ready = this.#ready();
    const silent = { entry: null, position_ms: 0, at_ms, error_ms: 0, state: 'idle', ready } as const;
    if (playing === null) return silent;
    const expected_ms = positionAt(playing.timedEntry.playback, at_ms);
    const position_ms = this.#heardPositionMs(playing);
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

  /** Which entries could start, or go on, at once. */
  #ready(): EntryId[] {
    const { now, next } = this.#upcoming();
    return [now, next].flatMap((file) =>
      file !== null && this.#store.get(firstSegment(file)) !== null ? file.entry.id : [],
    );
  }

  async #detect(): Promise<void> {
    if (this.#decodable !== null) return;
    const decodable = await this.options.decodable();
    this.#decodable = decodable;
    this.options.quality.available = decodable;
    this.#follow();
  }

  #follow(): void {
    const room = this.#room;
    if (room === null || this.#speaker === null) return;
    if (this.#isExcluded) this.#stopTracks();
    this.#want();
    const { playback } = room;
    const isFollowed = this.#followed !== null && sameTimeline(this.#followed, playback);
    if (this.#speaker.running && this.options.clock.ready && !this.#isExcluded && !isFollowed) {
      this.#followed = playback;
      this.#endTrack(playback);
      const entry = this.#upcoming().now?.entry ?? null;
      this.#due = entry !== null && playback.state === 'playing' ? { entry, playback } : null;
    }
    this.#updateEntry();
    this.#begin();
    this.#reportUnplayable();
    this.#showState();
  }

  /** The host may choose this device again, so it stays on. */
  get #isExcluded(): boolean {
    return this.#room !== null && !playsIn(this.#room.output, this.options.device);
  }

  /** The files that are on and that come next, and where they are or will start. */
  #upcoming(): { now: Upcoming | null; next: Upcoming | null } {
    if (this.#room === null) return { now: null, next: null };
    const { now_playing, upcoming, playback } = this.#room;
    const { clock } = this.options;
    const isKnown = playback.state !== 'playing' || clock.ready;
    const positionMs = Math.max(positionAt(playback, clock.now()), playback.anchor_position_ms);
    const fileAt = (entry: Entry | null | undefined, positionMs: number) =>
      entry && this.options.servesFiles(entry.track.provider) ? { entry, positionMs } : null;
    return { now: isKnown ? fileAt(now_playing, positionMs) : null, next: fileAt(upcoming[0], 0) };
  }

  #want(): void {
    const isSilent = this.#isExcluded || (this.#decodable ?? []).length === 0;
    const { now, next } = isSilent ? { now: null, next: null } : this.#upcoming();
    // Asked at every tick, and seldom different.
    const place = [now, next].map((file) => file && segmentKey(firstSegment(file))).join();
    if (place === this.#wantedAt) return;
    this.#wantedAt = place;
    const { wanted, useful } = wantedSegments(now, next);
    this.#store.want(wanted, useful);
  }

  #segmentsChanged(): void {
    if (this.#speaker === null) return;
    this.#playing?.schedule();
    this.#begin();
    this.#reportUnplayable();
    this.#showState();
    const ready = this.#ready().join();
    if (ready === this.#reportedReady) return;
    this.#reportedReady = ready;
    this.options.onReady?.();
  }

  /** Starts what is due, once the segment that it starts in is there. */
  #begin(): void {
    const speaker = this.#speaker;
    const due = this.#due;
    if (due === null || speaker === null || !speaker.running || !this.options.clock.ready) return;
    const { entry, playback } = due;
    const seconds = entry.track.duration_ms / 1000;
    const start = planStart(playback, this.#anchorOf(playback), speaker.context.currentTime, seconds);
    if (start === null) {
      this.#due = null;
      return;
    }
    if (this.#store.get({ track: entry.track, number: segmentAt(start.offset) }) === null) return;
    this.#due = null;
    const isSeamless = start.offset === 0 && this.#ending !== null;
    const at = isSeamless ? this.#ending!.seamAt(start.at) : start.at;
    const segments = this.#store.segmentsOf(entry.track);
    const { context, music } = speaker;
    this.#playing = new SegmentedPlayingTrack(context, music, due, segments, { ...start, at }, this.#gainOf(entry));
    // Ends the old track where the new one starts, at the same sample, even if the clocks learned something since the
    // end was scheduled.
    if (isSeamless) this.#ending!.stopAt(this.#playing.startsAt);
  }

  /** The server may have measured the playing track, or the room may have changed a setting. */
  #updateEntry(): void {
    const entry = this.#room?.now_playing ?? null;
    const playing = this.#playing;
    if (entry === null || playing?.timedEntry.entry.id !== entry.id) return;
    playing.timedEntry = { ...playing.timedEntry, entry };
    playing.setGain(this.#gainOf(entry));
  }

  /** A factor, so that tracks are equally loud. */
  #gainOf({ track }: Entry): number {
    const isLevelled = this.#room?.settings.level_loudness ?? true;
    return isLevelled ? 10 ** ((track.gain_db ?? 0) / 20) : 1;
  }

  #reportUnplayable(): void {
    const room = this.#room;
    const entry = this.#upcoming().now?.entry;
    if (room === null || entry === undefined || !this.#store.isUnplayable(entry.track)) return;
    this.#due = null;
    this.#playing?.silence();
    this.#playing = null;
    if (this.#reportedUnplayable === entry.id || room.playback.state !== 'playing') return;
    this.#reportedUnplayable = entry.id;
    this.options.onUnplayable?.(entry.id);
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
    } else if (next.state === 'playing') {
      playing.stopAt(playing.seamAt(this.#anchorOf(next)));
    }
  }

  #stopTracks(): void {
    this.#playing?.silence();
    this.#ending?.silence();
    this.#playing = null;
    this.#ending = null;
    this.#due = null;
    this.#followed = null;
    this.#forgetError();
  }

  #tick(): void {
    const speaker = this.#speaker;
    if (!speaker?.running) return;
    speaker.clock.read();
    this.#want();
    this.#begin();
    this.#playing?.schedule();
    if (this.#ending?.isOverAt(speaker.context.currentTime)) this.#ending = null;
    const wasStarved = this.#starved;
    this.#starved = this.#playing?.isStarvedAt(speaker.context.currentTime) ?? false;
    if (this.#starved && !wasStarved) {
      this.options.quality.late();
      this.#forgetError();
    }
    if (!this.#starved) this.#measure(speaker);
    this.#showState();
  }

  #measure(speaker: Loudspeaker): void {
    const playing = this.#playing;
    if (playing === null || !this.options.clock.ready) return;
    const heardMs = this.#heardPositionMs(playing);
    const expectedMs = positionAt(playing.timedEntry.playback, this.options.clock.now());
    const isEnding = expectedMs > playing.timedEntry.entry.track.duration_ms;
    if (heardMs < playing.startOffset * 1000 || isEnding) return;
    const errorMs = expectedMs - heardMs;
    if (!speaker.clock.settled) {
      // Without sound the position falls behind; nothing else is known.
      if (speaker.clock.stalled) this.errorMs = errorMs;
      return;
    }
    this.#correct(playing, speaker, errorMs);
  }

  #correct(playing: SegmentedPlayingTrack, speaker: Loudspeaker, errorMs: number): void {
    const atMs = this.options.localNowMs();
    const deviationMs = this.#measuredMs(speaker);
    const correction = this.#corrector.take({ atMs, errorMs, deviationMs });
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

  #heardPositionMs(playing: SegmentedPlayingTrack): number {
    return playing.offsetAt(this.#requireSpeaker().contextTimeAt(this.options.localNowMs())) * 1000;
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

  #showState(): void {
    const state = this.#currentState();
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }

  #currentState(): PlayerState {
    const { now } = this.#upcoming();
    const isWaiting = this.#starved || this.#due !== null;
    if (this.#speaker === null) return 'off';
    if (!this.#speaker.running && this.#starting === undefined) return 'blocked';
    if (this.#isExcluded) return 'left_out';
    if (this.#decodable?.length === 0) return 'undecodable';
    if (now !== null && this.#store.isUnplayable(now.entry.track)) return 'unplayable';
    if (isWaiting && this.#store.isFailing) return 'failed';
    if (this.#playing !== null && !this.#starved) return 'playing';
    return isWaiting || this.#followed === null ? 'loading' : 'silent';
  }
}
