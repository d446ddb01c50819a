import { outputOf } from '../../calibration/calibration';
import { OutputClock } from '../../sync/output-clock';
import type { OutputDepth } from '../../sync/output-depth';

/**
 * The way from samples to ears: a context with what is known of when its samples are heard, the volume, and a meter.
 * What is played on it is the player's business; signals for getting it in time come beside the music, at full volume.
 */

const RAMP_S = 0.01;

export class Loudspeaker {
  /** What music is connected to. */
  readonly music: GainNode;
  readonly clock: OutputClock;
  readonly #analyser: AnalyserNode;
  #volume = 1;
  #hushed = false;

  constructor(
    readonly context: AudioContext,
    localNowMs: () => number,
    /** How much later an output of this device is heard than its browser knows. */
    private readonly calibrationMs: (output: string) => number = () => 0,
    /** What contexts before this one have learned of the output. */
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

  /** Which of this device's outputs it is. */
  get output(): string {
    return outputOf(this.context);
  }

  /** The context time heard at `localMs`, in seconds. What calibration found leaves the context that much earlier. */
  contextTimeAt(localMs: number): number {
    return this.clock.contextTimeAt(localMs - this.calibrationMs(this.output));
  }

  /** A context that may start does so; one that may not leaves its promise open for ever, so nothing waits for it. */
  wake(): void {
    if (!this.running) void this.context.resume().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#turn();
  }

  /** Music goes on without being heard. */
  hush(hushed: boolean): void {
    this.#hushed = hushed;
    this.#turn();
  }

  /** Root mean square of the music as it is heard now, 0 to 1. */
  level(): number {
    const samples = new Float32Array(this.#analyser.fftSize);
    this.#analyser.getFloatTimeDomainData(samples);
    return Math.min(1, Math.sqrt(samples.reduce((sum, sample) => sum + sample * sample, 0) / samples.length));
  }

  #turn(): void {
    this.music.gain.setTargetAtTime(this.#hushed ? 0 : this.#volume, this.context.currentTime, RAMP_S);
  }
}
