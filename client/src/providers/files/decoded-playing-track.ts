import type { CorrectionLimits } from '../../sync/corrector';
import type { Start } from '../../sync/schedule';
import type { TimedEntry } from '../../sync/timeline';
import { Playhead } from './playhead';
import type { Playable, PlayingTrack } from './playing-track';

/** Too short to be heard as a fade, long enough to avoid a click. */
const RAMP_S = 0.01;
/** Between two positions of the same track. */
const CROSSFADE_S = 0.04;
/** Two devices may be off in opposite directions: a millisecond in total. Nudging more than ten would take too long. */
export const DECODED_LIMITS: CorrectionLimits = { toleratedMs: 0.5, jumpMs: 10, deviationMs: 0 };

/** A decoded track while it plays: a buffer source, its gain, and its exact position. */
export class DecodedPlayingTrack implements PlayingTrack {
  readonly limits = DECODED_LIMITS;
  readonly playhead: Playhead;
  onEnded: () => void = () => {};
  readonly #source: AudioBufferSourceNode;
  readonly #gain: GainNode;

  constructor(
    private readonly context: AudioContext,
    private readonly destination: AudioNode,
    readonly timedEntry: TimedEntry,
    private readonly buffer: AudioBuffer,
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

  get startsAt(): number {
    return this.playhead.at;
  }

  get startOffset(): number {
    return this.playhead.offset;
  }

  offsetAt(contextTime: number): number {
    return this.playhead.offsetAt(contextTime);
  }

  nudge(shiftMs: number): number | null {
    const nudge = this.playhead.nudge(shiftMs / 1000, this.context.currentTime);
    if (nudge === null) return null;
    this.#source.playbackRate.setValueAtTime(nudge.rate, nudge.at);
    this.#source.playbackRate.setValueAtTime(1, nudge.until);
    return nudge.until;
  }

  jump(start: Start): DecodedPlayingTrack {
    const next = new DecodedPlayingTrack(this.context, this.destination, this.timedEntry, this.buffer, start, 'across');
    this.#gain.gain.setValueAtTime(1, next.startsAt);
    this.#gain.gain.linearRampToValueAtTime(0, next.startsAt + CROSSFADE_S);
    this.#source.stop(next.startsAt + CROSSFADE_S + RAMP_S);
    return next;
  }

  /** Exact to the sample. */
  stopAt(at: number): void {
    this.#source.stop(at);
  }

  silence(): void {
    const now = this.context.currentTime;
    this.#gain.gain.cancelScheduledValues(now);
    this.#gain.gain.setTargetAtTime(0, now, RAMP_S / 3);
    this.#source.stop(now + 2 * RAMP_S);
  }
}

/** A decoded track, which can be played any number of times at once. */
export function decodedPlayable(buffer: AudioBuffer): Playable {
  return {
    seconds: buffer.duration,
    begin: (context, destination, timedEntry, start) =>
      new DecodedPlayingTrack(context, destination, timedEntry, buffer, start),
  };
}
