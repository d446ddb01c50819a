import { outputOf } from '../../calibration/calibration';
import { OutputClock } from '../../sync/output-clock';
import type { OutputDepth } from '../../sync/output-depth';

/**
 * An audio context with its output clock, volume and level meter. The player decides what plays on it; calibration
 * signals bypass the volume.
 */

const RAMP_S = 0.01;

export class Loudspeaker {
  /** The node that music connects to. */
  readonly music: GainNode;
  readonly clock: OutputClock;
  readonly #analyser: AnalyserNode;
  #volume = 1;
  #hushed = false;

  constructor(
    readonly context: AudioContext,
    localNowMs: () => number,
    /** Calibration: how much later an output is heard than the browser reports. */
    private readonly calibrationMs: (output: string) => number = () => 0,
    /** What earlier contexts learned about the output. */
    depth?: OutputDepth,
  ) {
    this.clock = new OutputClock(context, localNowMs, depth);
    this.music = context.createGain();
    this.#analyser = context.createAnalyser();
    this.#analyser.fftSize = 1024;
    this.music.connect(this.#analyser).connect(context.destination);
  }

  get running(): boolean {
    return this.context.state === 'running';
  }

  /** Id of the output in use. */
  get output(): string {
    return outputOf(this.context);
  }

  /** The context time heard at `localMs`, in seconds, including calibration. */
  contextTimeAt(localMs: number): number {
    return this.clock.contextTimeAt(localMs - this.calibrationMs(this.output));
  }

  /** A context that may not start leaves its promise pending for ever, so nothing awaits it. */
  wake(): void {
    if (!this.running) void this.context.resume().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#turn();
  }

  /** Music continues inaudibly. */
  hush(hushed: boolean): void {
    this.#hushed = hushed;
    this.#turn();
  }

  /** Root mean square of the audible music, 0 to 1. */
  level(): number {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.min(1, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
  }

  #turn(): void {
    this.music.gain.setTargetAtTime(this.#hushed ? 0 : this.#volume, this.context.currentTime, RAMP_S);
  }
}
