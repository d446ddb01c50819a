import { Playhead } from './playhead';
import type { Start } from './schedule';
import type { Part } from './timeline';

/** Short enough not to be heard as a fade, long enough not to be heard as a click. */
const RAMP_S = 0.01;
/** Between two places of the same track. */
const CROSSFADE_S = 0.04;

/** One track as it sounds: a source, its gain, and where in its buffer it is. */
export class Voice {
  readonly playhead: Playhead;
  /** It has played to its end, or to where it was stopped. */
  onEnded: () => void = () => {};
  readonly #source: AudioBufferSourceNode;
  readonly #gain: GainNode;

  constructor(
    private readonly context: AudioContext,
    destination: AudioNode,
    readonly part: Part,
    readonly buffer: AudioBuffer,
    start: Start,
    fade: 'none' | 'in' | 'across' = start.offset > 0 ? 'in' : 'none',
  ) {
    this.playhead = new Playhead(start.at, start.offset, context.sampleRate);
    const { at, offset } = this.playhead;
    this.#gain = context.createGain();
    this.#gain.connect(destination);
    if (fade !== 'none') {
      this.#gain.gain.setValueAtTime(0, at);
      this.#gain.gain.linearRampToValueAtTime(1, at + (fade === 'in' ? RAMP_S : CROSSFADE_S));
    }
    this.#source = context.createBufferSource();
    this.#source.buffer = buffer;
    this.#source.connect(this.#gain);
    this.#source.onended = () => {
      this.#gain.disconnect();
      this.onEnded();
    };
    this.#source.start(at, offset);
  }

  /** Inaudibly gets ahead by so much, or falls back. The context time when that is done; `null`: nothing to do. */
  nudge(shiftMs: number): number | null {
    const nudge = this.playhead.nudge(shiftMs / 1000, this.context.currentTime);
    if (nudge === null) return null;
    this.#source.playbackRate.setValueAtTime(nudge.rate, nudge.at);
    this.#source.playbackRate.setValueAtTime(1, nudge.until);
    return nudge.until;
  }

  /** Ends at that context time, to the sample. */
  stopAt(at: number): void {
    this.#source.stop(at);
  }

  /** Gives way to another voice that begins then. */
  giveWayAt(at: number): void {
    this.#gain.gain.setValueAtTime(1, at);
    this.#gain.gain.linearRampToValueAtTime(0, at + CROSSFADE_S);
    this.#source.stop(at + CROSSFADE_S + RAMP_S);
  }

  silence(): void {
    const now = this.context.currentTime;
    this.#gain.gain.cancelScheduledValues(now);
    this.#gain.gain.setTargetAtTime(0, now, RAMP_S / 3);
    this.#source.stop(now + 2 * RAMP_S);
  }
}
