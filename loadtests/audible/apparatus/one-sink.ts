import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PulseAudio } from '../../../tests/browser/support/pulse.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import { nowMs } from './clock.ts';
import { type Outputs, sinkOf } from './outputs.ts';
import { Recording } from './recording.ts';

const SAMPLE_BYTES = 4;
/** A sink that feeds all channels at once, to measure the accuracy of the apparatus. */
export const ALL = 'all';

/**
 * One sound card for all players: a null sink with one channel a player, each mapped to a sink of its own, and its
 * monitor recorded. There is one clock only, so every offset between two channels is caused by the players; drift between
 * sound cards is not covered.
 */
export class OneSink implements Outputs {
  readonly recording: Recording;
  #recorder: ChildProcess | null = null;
  /** The beginning of an incomplete frame. */
  #rest: Buffer = Buffer.alloc(0);
  #frames = 0;

  private constructor(
    readonly pulse: PulseAudio,
    private readonly players: number,
  ) {
    this.recording = new Recording(players);
  }

  static async start(players: number): Promise<OneSink> {
    const names = Array.from({ length: players }, (_, player) => `aux${player}`);
    const pulse = await PulseAudio.start(() => [
      `module-null-sink sink_name=ear rate=${SAMPLE_RATE} format=float32le channels=${players} channel_map=${names}`,
      `module-remap-sink sink_name=${ALL} master=ear channels=${players} channel_map=${names} master_channel_map=${names} remix=no`,
      ...names.map(
        (name, player) =>
          `module-remap-sink sink_name=${sinkOf(player)} master=ear channels=1 channel_map=mono master_channel_map=${name} remix=no`,
      ),
    ]);
    const sink = new OneSink(pulse, players);
    sink.#record(names);
    return sink;
  }

  async stop(): Promise<void> {
    const recorder = this.#recorder;
    if (recorder !== null && recorder.exitCode === null && recorder.signalCode === null) {
      const ended = once(recorder, 'exit');
      recorder.kill('SIGTERM');
      await ended;
    }
    await this.pulse.stop();
  }

  #record(names: string[]): void {
    const format = ['--format=float32le', `--rate=${SAMPLE_RATE}`, `--channels=${this.players}`];
    const as = [...format, `--channel-map=${names}`, '--raw', '--latency-msec=10'];
    this.#recorder = spawn('parec', ['--device=ear.monitor', ...as], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: this.pulse.environment(),
    });
    this.#recorder.stdout!.on('data', (chunk: Buffer) => this.#take(chunk));
  }

  #take(chunk: Buffer): void {
    const atMs = nowMs();
    const bytes = this.#rest.length === 0 ? chunk : Buffer.concat([this.#rest, chunk]);
    const frameBytes = SAMPLE_BYTES * this.players;
    const frames = Math.floor(bytes.length / frameBytes);
    for (let player = 0; player < this.players; player += 1) {
      const samples = new Float32Array(frames);
      for (let n = 0; n < frames; n += 1) samples[n] = bytes.readFloatLE(n * frameBytes + player * SAMPLE_BYTES);
      this.recording.take(player, samples);
    }
    this.#rest = bytes.subarray(frames * frameBytes);
    this.#frames += frames;
    // Sound arrives late, never early: the fastest chunk gives the best estimate of the first sample's time.
    this.recording.startMs = Math.min(this.recording.startMs, atMs - (this.#frames * 1000) / SAMPLE_RATE);
    this.recording.look();
  }
}
