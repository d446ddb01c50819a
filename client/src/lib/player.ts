import type { DevicePlayback, Entry, Playback, Room } from '$protocol';
import { DecodedTracks } from './decoded';
import { OutputClock } from './output-clock';
import { planStart } from './schedule';
import { outgoingPart, type Part, positionAt } from './timeline';

/**
 * This device's loudspeaker: makes the room's timeline heard. It follows and never leads; what plays next, and when, is
 * the server's. Staying together over a long track (drift) would be corrected in `#measure`, which knows the error.
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
  clock: { ready: boolean; now(): number; toLocal(serverMs: number): number };
  localNowMs: () => number;
  onState: (state: PlayerState) => void;
}

interface Voice {
  part: Part;
  source: AudioBufferSourceNode;
  gain: GainNode;
  at: number;
  offset: number;
}

/** Short enough not to be heard as a fade, long enough not to be heard as a click. */
const RAMP_S = 0.01;
const MEASURE_EVERY_MS = 200;
/** An error like this is no drift but an accident (a sleep, a drop-out): take the right place anew. */
const LOST_MS = 80;
const RETRY_MS = 3_000;
/** A context that may start does so within this; after it, only a gesture helps. */
const START_WAIT_MS = 500;

export class Player {
  state: PlayerState = 'off';
  errorMs: number | null = null;
  #context: AudioContext | null = null;
  #output: OutputClock | null = null;
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
  #lostCount = 0;
  /** Tells a load that is waited for whether the room has moved on meanwhile. */
  #turn = 0;
  #measuring: ReturnType<typeof setInterval> | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #starting: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly options: PlayerOptions) {
    this.#tracks = new DecodedTracks(async (trackId, signal) => {
      const encoded = await options.fetchAudio(trackId, signal);
      return this.#requireContext().decodeAudioData(encoded);
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
    const atMs = this.options.clock.now();
    if (voice === null) return { entry: null, position_ms: 0, at_ms: atMs, error_ms: 0, state: 'idle' };
    const position_ms = this.#heardPositionMs(voice);
    return { entry: voice.part.entry.id, position_ms, at_ms: atMs, error_ms: this.errorMs ?? 0, state: 'playing' };
  }

  #follow(): void {
    const room = this.#room;
    if (room === null || this.#context === null) return;
    this.#keepWanted(room);
    const { now_playing: entry, playback } = room;
    if (this.#context.state !== 'running') {
      this.#setState(this.#starting === undefined ? 'blocked' : 'loading');
    } else if (!this.options.clock.ready) {
      this.#setState('loading');
    } else if (this.#followed === null || !sameTimeline(this.#followed, playback)) {
      this.#followed = playback;
      this.#turn += 1;
      this.#retireVoice(playback);
      if (entry !== null && playback.state === 'playing') void this.#sound(entry, playback, this.#turn);
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
    const anchor = this.#output.contextTimeAt(this.options.clock.toLocal(playback.anchor_at_ms));
    const start = planStart(playback, anchor, this.#context.currentTime, buffer.duration);
    if (start === null) {
      this.#setState('silent');
      return;
    }
    this.#voice = this.#startVoice({ entry, playback }, buffer, start.at, start.offset);
    this.#setState('playing');
  }

  #startVoice(part: Part, buffer: AudioBuffer, at: number, offset: number): Voice {
    const context = this.#requireContext();
    const gain = context.createGain();
    gain.connect(this.#master!);
    if (offset > 0) {
      gain.gain.setValueAtTime(0, at);
      gain.gain.linearRampToValueAtTime(1, at + RAMP_S);
    }
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(gain);
    source.onended = () => gain.disconnect();
    source.start(at, offset);
    return { part, source, gain, at, offset };
  }

  /** A track that comes to its natural end plays to it, and stops where the next begins; anything else stops now. */
  #retireVoice(next: Playback): void {
    if (this.#ending !== null) this.#silence(this.#ending);
    this.#ending = this.#voice;
    this.#voice = null;
    this.errorMs = null;
    this.#lostCount = 0;
    const voice = this.#ending;
    if (voice === null) return;
    if (outgoingPart(voice.part, next, this.options.clock.now()) === null) {
      this.#ending = null;
      this.#silence(voice);
    } else if (next.state === 'playing') {
      voice.source.stop(this.#output!.contextTimeAt(this.options.clock.toLocal(next.anchor_at_ms)));
    }
  }

  #stopVoices(): void {
    for (const voice of [this.#voice, this.#ending]) if (voice !== null) this.#silence(voice);
    this.#voice = null;
    this.#ending = null;
    this.#followed = null;
  }

  #silence({ source, gain }: Voice): void {
    const now = this.#requireContext().currentTime;
    gain.gain.cancelScheduledValues(now);
    gain.gain.setTargetAtTime(0, now, RAMP_S / 3);
    source.stop(now + 2 * RAMP_S);
  }

  #measure(): void {
    if (this.#context?.state !== 'running' || this.#output === null) return;
    this.#output.read();
    const voice = this.#voice;
    if (voice === null || this.#context.currentTime < voice.at + 0.5) return;
    const expectedMs = positionAt(voice.part.playback, this.options.clock.now());
    this.errorMs = expectedMs - this.#heardPositionMs(voice);
    this.#lostCount = Math.abs(this.errorMs) > LOST_MS ? this.#lostCount + 1 : 0;
    const ended = expectedMs > voice.part.entry.track.duration_ms;
    if (this.#lostCount >= 3 && !ended) {
      this.#rejoin();
    }
  }

  #heardPositionMs({ at, offset }: Voice): number {
    return (this.#output!.contextTimeAt(this.options.localNowMs()) - at + offset) * 1000;
  }

  #keepWanted(room: Room): void {
    const next = room.upcoming[0];
    const wanted = [this.#voice?.part.entry, room.now_playing, next].filter(
      (entry) => entry?.track.provider === 'library',
    );
    this.#tracks.keepOnly(new Set(wanted.map((entry) => entry!.track.id)));
    if (room.now_playing !== null) this.#tracks.get(room.now_playing.track.id).catch(() => {});
    if (next !== undefined) this.#tracks.get(next.track.id).catch(() => {});
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

function sameTimeline(a: Playback, b: Playback): boolean {
  return (
    a.entry === b.entry &&
    a.state === b.state &&
    a.anchor_at_ms === b.anchor_at_ms &&
    a.anchor_position_ms === b.anchor_position_ms
  );
}
