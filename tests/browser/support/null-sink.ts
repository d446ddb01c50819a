import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { PulseAudio } from './pulse.ts';

const SAMPLE_BYTES = 4;
/** The window over which loudness is measured: 0.2 s. */
const SAMPLES = 9_600;

/** A sound card that nobody hears, and how loud it plays. */
export class NullSink {
  #latest: Buffer = Buffer.alloc(0);
  #recorder: ChildProcess;

  private constructor(private readonly pulse: PulseAudio) {
    const format = ['--format=float32le', '--rate=48000', '--channels=1', '--raw', '--latency-msec=20'];
    this.#recorder = spawn('parec', ['--device=ear.monitor', ...format], {
      stdio: ['ignore', 'pipe', 'ignore'],
      env: pulse.environment(),
    });
    this.#recorder.stdout!.on('data', (chunk: Buffer) => {
      this.#latest = Buffer.concat([this.#latest, chunk]).subarray(-SAMPLES * SAMPLE_BYTES);
    });
  }

  static async start(): Promise<NullSink> {
    return new NullSink(await PulseAudio.start(() => ['module-null-sink sink_name=ear rate=48000 channels=2']));
  }

  /** The environment of a browser that plays to it. */
  get environment(): Record<string, string> {
    return this.pulse.environment('ear');
  }

  /** Root mean square of the latest samples. */
  get loudness(): number {
    const count = Math.floor(this.#latest.length / SAMPLE_BYTES);
    let sum = 0;
    for (let n = 0; n < count; n += 1) sum += this.#latest.readFloatLE(n * SAMPLE_BYTES) ** 2;
    return count === 0 ? 0 : Math.sqrt(sum / count);
  }

  async stop(): Promise<void> {
    const ended = once(this.#recorder, 'exit');
    this.#recorder.kill('SIGTERM');
    await ended;
    await this.pulse.stop();
  }
}
