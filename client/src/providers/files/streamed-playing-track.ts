import type { CorrectionLimits } from '../../sync/corrector';
import type { Start } from '../../sync/schedule';
import type { TimedEntry } from '../../sync/timeline';
import { clamp } from '../../util/numbers';
import type { LongTrack } from './long-track';
import type { Playable, PlayingTrack } from './playing-track';

/**
 * A track that is too long to be decoded, while it plays. A media element plays it, which starts when it can and
 * reports its position only roughly, so it is held within a few hundredths of a second, not to the sample. Start and
 * seek delays are learned and compensated.
 */

const RAMP_S = 0.02;
/** A media element's position moves in steps of about one render quantum of the whole browser. */
const STREAMED_LIMITS: CorrectionLimits = { toleratedMs: 12, jumpMs: 120, deviationMs: 10 };
/** An inaudible change of pitch: a twelfth of a semitone for a few seconds. */
const RATE_CHANGE = 0.005;
const NUDGE_S_MAX = 20;
/** When the delay of a start or a seek can be measured. */
const LOOK_AFTER_MS = 400;

export class StreamedPlayingTrack implements PlayingTrack {
  readonly limits = STREAMED_LIMITS;
  onEnded: () => void = () => {};
  startsAt: number;
  startOffset: number;
  readonly #gain: GainNode;
  #moving = false;
  #timers = new Set<ReturnType<typeof setTimeout>>();

  constructor(
    private readonly context: AudioContext,
    destination: AudioNode,
    readonly timedEntry: TimedEntry,
    private readonly track: LongTrack,
    start: Start,
  ) {
    this.startsAt = start.at;
    this.startOffset = start.offset;
    this.#gain = context.createGain();
    this.#gain.connect(destination);
    const node = track.node(context);
    // Takes the element over from the previous holder.
    node.disconnect();
    node.connect(this.#gain);
    track.holder = this;
    const { element } = track;
    element.pause();
    element.playbackRate = 1;
    element.addEventListener('ended', this.#ended);
    const lag = track.delays.start.seconds;
    // When the start is too near to begin early, skips what it would be late by.
    const aheadS = start.at - context.currentTime - lag;
    element.currentTime = Math.max(0, start.offset + Math.max(0, -aheadS));
    if (start.offset > 0) {
      this.#gain.gain.setValueAtTime(0, start.at);
      this.#gain.gain.linearRampToValueAtTime(1, start.at + RAMP_S);
    }
    this.#later(Math.max(0, aheadS) * 1000, () => void this.#play());
  }

  offsetAt(contextTime: number): number | null {
    if (!this.#moving || this.track.holder !== this) return null;
    const { element } = this.track;
    const rate = element.paused ? 0 : element.playbackRate;
    return element.currentTime + (contextTime - this.context.currentTime) * rate;
  }

  nudge(shiftMs: number): number | null {
    if (!this.#moving) return null;
    const { element } = this.track;
    const seconds = clamp(Math.abs(shiftMs) / 1000 / RATE_CHANGE, 0, NUDGE_S_MAX);
    element.playbackRate = 1 + Math.sign(shiftMs) * RATE_CHANGE;
    this.#later(seconds * 1000, () => {
      element.playbackRate = 1;
    });
    return this.context.currentTime + seconds;
  }

  jump(start: Start): StreamedPlayingTrack {
    const { element } = this.track;
    const { gain } = this.#gain;
    const now = this.context.currentTime;
    gain.cancelScheduledValues(now);
    gain.setTargetAtTime(0, now, RAMP_S / 3);
    this.#moving = false;
    this.startsAt = start.at;
    this.startOffset = start.offset;
    const land = () => {
      element.removeEventListener('seeked', land);
      gain.setTargetAtTime(1, this.context.currentTime, RAMP_S / 3);
      this.#learn(this.track.delays.seek);
      if (element.paused) void this.#play();
      else this.#moving = true;
    };
    this.#later(RAMP_S * 1000, () => {
      element.playbackRate = 1;
      element.addEventListener('seeked', land);
      element.currentTime = this.#dueAt(this.context.currentTime + this.track.delays.seek.seconds);
    });
    return this;
  }

  stopAt(at: number): void {
    this.#gain.gain.setValueAtTime(1, Math.max(0, at - RAMP_S));
    this.#gain.gain.linearRampToValueAtTime(0, at);
    this.#later((at - this.context.currentTime) * 1000, this.#ended);
  }

  silence(): void {
    const now = this.context.currentTime;
    this.#gain.gain.cancelScheduledValues(now);
    this.#gain.gain.setTargetAtTime(0, now, RAMP_S / 3);
    this.#forgetTimers();
    this.#moving = false;
    this.#later(2 * RAMP_S * 1000, this.#ended);
  }

  /** The intended offset at a context time. */
  #dueAt(contextTime: number): number {
    return Math.max(0, this.startOffset + contextTime - this.startsAt);
  }

  async #play(): Promise<void> {
    try {
      await this.track.element.play();
    } catch {
      // Interrupted, or refused by the browser: the element stands still, which is measured like any delay.
    }
    if (this.track.holder !== this) return;
    this.#moving = true;
    this.#learn(this.track.delays.start);
  }

  /** The current delay adds to what was compensated already. */
  #learn(lag: { seconds: number; take(seconds: number): void }): void {
    const allowedS = lag.seconds;
    this.#later(LOOK_AFTER_MS, () => {
      const { element } = this.track;
      if (element.paused || !this.#moving) return;
      lag.take(allowedS + this.#dueAt(this.context.currentTime) - element.currentTime);
    });
  }

  /** The track ended or was released. */
  readonly #ended = (): void => {
    this.#forgetTimers();
    this.#moving = false;
    this.track.element.removeEventListener('ended', this.#ended);
    this.#gain.disconnect();
    if (this.track.holder === this) {
      this.track.holder = null;
      this.track.element.pause();
    }
    this.onEnded();
  };

  #later(ms: number, act: () => void): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      // Another playing track may hold the element by now.
      if (this.track.holder === this || act === this.#ended) act();
    }, ms);
    this.#timers.add(timer);
  }

  #forgetTimers(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    this.#timers.clear();
  }
}

/** A long track, which only the latest playing track controls. */
export function longPlayable(track: LongTrack, seconds: number): Playable {
  const { duration } = track.element;
  return {
    seconds: Number.isFinite(duration) && duration > 0 ? duration : seconds,
    begin: (context, destination, timedEntry, start) =>
      new StreamedPlayingTrack(context, destination, timedEntry, track, start),
  };
}
