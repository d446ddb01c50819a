import { CHIRP_EVERY_MS, CHIRP_SLOT_MS, chirp, type Sweep } from './chirp';

/**
 * Clicks and sweeps at agreed instants of the server's clock, for calibrating devices: every device that plays a signal
 * plays it at the same moments, without further messages. Signals use the same output clock as the music.
 */

export type Signal = 'click' | Sweep;

/** Slow enough that late and early cannot be confused, fast enough to tap along. */
export const CLICK_EVERY_MS = 600;
/** Signals are scheduled further ahead than any output is late. */
const AHEAD_MS = 4_000;
const PLAN_EVERY_MS = 250;
/** A start needs this lead for the audio thread to meet it exactly. */
const LEAD_S = 0.03;
const LOUDNESS = 0.5;

interface Rhythm {
  everyMs: number;
  slotMs: number;
}

export const signalRhythms: Record<Signal, Rhythm> = {
  click: { everyMs: CLICK_EVERY_MS, slotMs: 0 },
  up: { everyMs: CHIRP_EVERY_MS, slotMs: CHIRP_SLOT_MS.up },
  down: { everyMs: CHIRP_EVERY_MS, slotMs: CHIRP_SLOT_MS.down },
};

/** The instants of a rhythm in a half-open range of the server's clock. */
export function instants({ everyMs, slotMs }: Rhythm, fromMs: number, untilMs: number): number[] {
  const found: number[] = [];
  for (let at = Math.ceil((fromMs - slotMs) / everyMs) * everyMs + slotMs; at < untilMs; at += everyMs) found.push(at);
  return found;
}

/** A short click with a sharp attack, easy to tap to. */
export function click(sampleRate: number): Float32Array<ArrayBuffer> {
  return new Float32Array(Math.round(0.04 * sampleRate)).map((_, index) => {
    const s = index / sampleRate;
    return Math.sin(2 * Math.PI * 1_600 * s) * Math.exp(-s / 0.006);
  });
}

/** Where signals are played, and the clocks they need. */
export interface SignalOutput {
  context: BaseAudioContext;
  destination: AudioNode;
  /** The server's time. */
  nowMs: () => number;
  /** The context time that is heard at an instant of the server's clock. */
  contextTimeAt: (serverMs: number) => number;
}

/** Plays a signal in its rhythm until it is stopped. */
export class SignalTrack {
  #buffer: AudioBuffer;
  #gain: GainNode;
  #plannedUntilMs: number;
  #timer: ReturnType<typeof setInterval>;
  /** Scheduled starts that may still be to come. */
  #sources = new Set<AudioBufferSourceNode>();

  constructor(
    private readonly signal: Signal,
    private readonly signalOutput: SignalOutput,
  ) {
    const { context, destination } = signalOutput;
    const samples = signal === 'click' ? click(context.sampleRate) : chirp(signal, context.sampleRate);
    this.#buffer = context.createBuffer(1, samples.length, context.sampleRate);
    this.#buffer.copyToChannel(samples, 0);
    this.#gain = context.createGain();
    this.#gain.gain.value = LOUDNESS;
    this.#gain.connect(destination);
    this.#plannedUntilMs = signalOutput.nowMs();
    this.#timer = setInterval(() => this.#plan(), PLAN_EVERY_MS);
    this.#plan();
  }

  stop(): void {
    clearInterval(this.#timer);
    for (const source of this.#sources) source.stop(0);
    this.#sources.clear();
    this.#gain.disconnect();
  }

  #plan(): void {
    const { signalOutput } = this;
    const untilMs = signalOutput.nowMs() + AHEAD_MS;
    // A page that slept does not catch up.
    const fromMs = Math.max(this.#plannedUntilMs, signalOutput.nowMs());
    for (const instant of instants(signalRhythms[this.signal], fromMs, untilMs)) {
      const at = signalOutput.contextTimeAt(instant);
      if (at < signalOutput.context.currentTime + LEAD_S) continue;
      const source = signalOutput.context.createBufferSource();
      source.buffer = this.#buffer;
      source.connect(this.#gain);
      source.onended = () => this.#sources.delete(source);
      source.start(at);
      this.#sources.add(source);
    }
    this.#plannedUntilMs = Math.max(untilMs, fromMs);
  }
}
