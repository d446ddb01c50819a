import type { DevicePlayback, Entry, Playback, Room } from '$protocol';
import { outputOf } from './calibration';
import { Corrector } from './corrector';
import { DecodedTracks } from './decoded';
import { OutputClock } from './output-clock';
import { planStart, type Start } from './schedule';
import { outgoingPart, positionAt } from './timeline';
import { Voice } from './voice';

/**
 * This device's loudspeaker: makes the room's timeline heard. It follows and never leads; what plays next, and when, is
 * the server's. It starts every track at the exact sample, measures all the time how far what is heard is from the
 * timeline, and does what `Corrector` says about it.
 */

export type PlayerState =
  | 'off'
  /** The browser wants a touch or a key first. */
  | 'blocked'
  | 'silent'
  | 'loading'
  | 'playing'
  /** The music could not be fetched. */
  | 'failed';

export interface PlayerOptions {
  createContext: () => AudioContext;
  fetchAudio: (trackId: string, signal: AbortSignal) => Promise<ArrayBuffer>;
  clock: { ready: boolean; deviationMs: number; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  /** How much later an output of this device is heard than its browser knows, found by calibration. */
  calibrationMs?: (output: string) => number;
  onState: (state: PlayerState) => void;
}

const MEASURE_EVERY_MS = 100;
const RETRY_MS = 3_000;
/** A context that may start does so within this; after it, only a gesture helps. */
const START_WAIT_MS = 500;
const RAMP_S = 0.01;
const DECODED_BYTES_PER_SAMPLE = 2 * 4;

export class Player {
  state: PlayerState = 'off';
  /** How far what is heard is from the room's timeline, as far as this device can know; positive is late. */
  errorMs: number | null = null;
  #context: AudioContext | null = null;
  #output: OutputClock | null = null;
  #corrector = new Corrector();
  #master: GainNode | null = null;
  #analyser: AnalyserNode | null = null;
  #voice: Voice | null = null;
  /** The voice before, while it plays to its end. */
  #ending: Voice | null = null;
  /** The timeline that the voices were made for. */
  #followed: Playback | null = null;
  #tracks: DecodedTracks<AudioBuffer>;
  #room: Room | null = null;
  #volume = 1;
  /** Tells a load that is waited for whether the room has moved on meanwhile. */
  #turn = 0;
  #measuring: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #starting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: PlayerOptions) {
    this.#tracks = new DecodedTracks({
      fetch: options.fetchAudio,
      decode: async (encoded) => {
        if (this.#context === null) throw new Error('turned off meanwhile');
        return this.#context.decodeAudioData(encoded);
      },
    });
  }

  /** Begins to listen. Called from a gesture it always can; otherwise the browser may say no: state `blocked`. */
  turnOn(): void {
    const context = this.#requireContext();
    this.#measuring ??= setInterval(() => this.#measure(), MEASURE_EVERY_MS);
    // A context that may not start leaves this promise open for ever, so nothing waits for it.
    void context.resume().catch(() => {});
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
    this.#turn += 1;
    this.#stopVoices();
    this.#tracks.keepOnly(new Set());
    void this.#context?.close();
    this.#context = null;
    this.errorMs = null;
    this.#setState('off');
  }

  /** The page is looked at again, or the machine woke up: a context that was put to sleep is not always woken. */
  wake(): void {
    if (this.#context !== null && this.#context.state !== 'running') void this.#context.resume().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    if (this.#context !== null) this.#master?.gain.setTargetAtTime(volume, this.#context.currentTime, RAMP_S);
  }

  /** The room changed, or the clock came to know the time. */
  update(room: Room): void {
    this.#room = room;
    if (this.#context !== null) this.#follow();
  }

  /** Root mean square of what is heard now, 0 to 1. */
  level(): number {
    if (this.#analyser === null || this.state === 'off') return 0;
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.min(1, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
  }

  /** What this device tells the room about itself. */
  status(): DevicePlayback | null {
    if (this.state === 'off' || this.state === 'blocked') return null;
    const voice = this.#voice;
    const at_ms = this.options.clock.now();
    if (voice === null) return { entry: null, position_ms: 0, at_ms, error_ms: 0, state: 'idle' };
    const position_ms = this.#heardPositionMs(voice);
    const error_ms = this.errorMs ?? positionAt(voice.part.playback, at_ms) - position_ms;
    return { entry: voice.part.entry.id, position_ms, at_ms, error_ms, state: 'playing' };
  }

  #follow(): void {
    const room = this.#room;
    if (room === null || this.#context === null) return;
    this.#keepWanted(room);
    const { now_playing: entry, playback } = room;
    if (this.#context.state !== 'running') {
      this.#setState(this.#starting === undefined ? 'blocked' : 'loading');
    } else if (!this.options.clock.ready) {
      // What sounds already goes on; it was right a moment ago.
      if (this.#voice === null) this.#setState('loading');
    } else if (this.#followed === null || !sameTimeline(this.#followed, playback)) {
      this.#followed = playback;
      this.#turn += 1;
      clearTimeout(this.#retry);
      this.#retireVoice(playback);
      const track = playable(entry);
      if (track !== null && playback.state === 'playing') void this.#sound(track, playback, this.#turn);
      else this.#setState('silent');
    }
  }

  /** Whatever sounds is not to be trusted: join the timeline anew. */
  #rejoin(): void {
    this.#stopVoices();
    this.#follow();
  }

  async #sound(entry: Entry, playback: Playback, turn: number): Promise<void> {
    if (this.state !== 'playing') this.#setState('loading');
    let buffer: AudioBuffer;
    try {
      buffer = await this.#tracks.get(entry.track.id);
    } catch {
      if (turn !== this.#turn) return;
      this.#setState('failed');
      clearTimeout(this.#retry);
      this.#retry = setTimeout(() => this.#rejoin(), RETRY_MS);
      return;
    }
    if (turn !== this.#turn || this.#context === null || this.#output === null) return;
    const start = this.#plan(playback, buffer);
    if (start === null) {
      this.#setState('silent');
      return;
    }
    this.#voice = new Voice(this.#context, this.#master!, { entry, playback }, buffer, start);
    // Where one ends the other begins: the same sample, whatever was learned of the clocks since that end was planned.
    if (start.offset === 0) this.#ending?.stopAt(this.#voice.playhead.at);
    this.#setState('playing');
  }

  #plan(playback: Playback, buffer: AudioBuffer): Start | null {
    const anchor = this.#contextTimeAt(this.options.clock.toLocal(playback.anchor_at_ms));
    return planStart(playback, anchor, this.#requireContext().currentTime, buffer.duration);
  }

  /** A track that comes to its natural end plays to it, and stops where the next begins; anything else stops now. */
  #retireVoice(next: Playback): void {
    this.#ending?.silence();
    this.#ending = this.#voice;
    this.#voice = null;
    this.#forgetError();
    const voice = this.#ending;
    if (voice === null) return;
    if (outgoingPart(voice.part, next, this.options.clock.now()) === null) {
      this.#ending = null;
      voice.silence();
      return;
    }
    // Its buffer is a good part of what a phone has.
    voice.onEnded = () => {
      if (this.#ending === voice) this.#ending = null;
    };
    if (next.state === 'playing') {
      voice.stopAt(this.#contextTimeAt(this.options.clock.toLocal(next.anchor_at_ms)));
    }
  }

  #stopVoices(): void {
    this.#voice?.silence();
    this.#ending?.silence();
    this.#voice = null;
    this.#ending = null;
    this.#followed = null;
    this.#forgetError();
  }

  #measure(): void {
    if (this.#context?.state !== 'running' || this.#output === null) return;
    this.#output.read();
    const voice = this.#voice;
    if (voice === null || !this.options.clock.ready) return;
    const heardMs = this.#heardPositionMs(voice);
    const expectedMs = positionAt(voice.part.playback, this.options.clock.now());
    const isEnding = expectedMs > voice.part.entry.track.duration_ms;
    if (heardMs < voice.playhead.offset * 1000 || isEnding) return;
    const errorMs = expectedMs - heardMs;
    if (!this.#output.settled) {
      // Without sound it falls behind, and that is all there is to know.
      if (this.#output.stalled) this.errorMs = errorMs;
      return;
    }
    const atMs = this.options.localNowMs();
    const deviationMs = Math.hypot(this.options.clock.deviationMs, this.#output.deviationMs);
    const correction = this.#corrector.take({ atMs, errorMs, deviationMs });
    this.errorMs = this.#corrector.errorMs;
    if (correction?.kind === 'nudge') {
      const until = voice.nudge(correction.shiftMs);
      const leftMs = until === null ? 0 : (until - this.#contextTimeAt(atMs)) * 1000;
      this.#corrector.nudged(correction.shiftMs, atMs, atMs + leftMs);
    } else if (correction?.kind === 'jump') {
      this.#jump(voice);
      this.#corrector.jumped(atMs);
    }
  }

  /** From the place where it is heard to the right one, in one short cross-fade. */
  #jump(voice: Voice): void {
    const start = this.#plan(voice.part.playback, voice.buffer);
    if (start === null) return;
    this.#voice = new Voice(this.#requireContext(), this.#master!, voice.part, voice.buffer, start, 'across');
    voice.giveWayAt(this.#voice.playhead.at);
  }

  #forgetError(): void {
    this.errorMs = null;
    this.#corrector.forget();
  }

  #heardPositionMs({ playhead }: Voice): number {
    return playhead.offsetAt(this.#contextTimeAt(this.options.localNowMs())) * 1000;
  }

  /** The context time heard at `localMs`, in seconds. What calibration found leaves the context that much earlier. */
  #contextTimeAt(localMs: number): number {
    const calibrationMs = this.options.calibrationMs?.(outputOf(this.#requireContext())) ?? 0;
    return this.#output!.contextTimeAt(localMs - calibrationMs);
  }

  #keepWanted(room: Room): void {
    const [now, next] = [room.now_playing, room.upcoming[0] ?? null].map(playable);
    const wanted = [this.#voice?.part.entry, now, next].flatMap((entry) => entry?.track.id ?? []);
    this.#tracks.keepOnly(new Set(wanted));
    if (now) this.#tracks.get(now.track.id, this.#bytesOf(now)).catch(() => {});
    if (next) void this.#tracks.prepare(next.track.id, this.#bytesOf(next));
  }

  /** What it will take when decoded, in stereo. */
  #bytesOf({ track }: Entry): number {
    return (track.duration_ms / 1000) * this.#requireContext().sampleRate * DECODED_BYTES_PER_SAMPLE;
  }

  #requireContext(): AudioContext {
    if (this.#context !== null) return this.#context;
    const context = this.options.createContext();
    this.#context = context;
    this.#output = new OutputClock(context, this.options.localNowMs);
    this.#master = context.createGain();
    this.#master.gain.value = this.#volume;
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.#master.connect(this.#analyser).connect(context.destination);
    context.onstatechange = () => {
      if (context !== this.#context) return;
      this.#output?.forget();
      if (context.state !== 'running') this.#stopVoices();
      this.#follow();
    };
    return context;
  }

  #setState(state: PlayerState): void {
    if (state === this.state) return;
    this.state = state;
    this.options.onState(state);
  }
}

/** What comes as a file; the rest is played by other players. */
function playable(entry: Entry | null): Entry | null {
  return entry?.track.provider === 'library' ? entry : null;
}

function sameTimeline(a: Playback, b: Playback): boolean {
  return (
    a.entry === b.entry &&
    a.state === b.state &&
    a.anchor_at_ms === b.anchor_at_ms &&
    a.anchor_position_ms === b.anchor_position_ms
  );
}
