import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from '../../../tests/browser/support/program.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';

/** What is heard is written here as it sounds: a disk that is busy would make a sound card late. */
const MEMORY = '/dev/shm';

/**
 * A PulseAudio of our own: its own folder, its own socket, nothing that a desktop's would load. It ends with us and
 * knows nothing of another on this machine.
 */
export class PulseAudio {
  #program = new Program('pulseaudio', /(Daemon startup complete)/);

  private constructor(readonly folder: string) {}

  /** `modules` as one writes them in its configuration. */
  static async start(modules: (folder: string) => string[]): Promise<PulseAudio> {
    const pulse = new PulseAudio(await mkdtemp(join(existsSync(MEMORY) ? MEMORY : tmpdir(), 'tutti-pulse-')));
    try {
      await pulse.#start(modules(pulse.folder));
      return pulse;
    } catch (error) {
      await pulse.stop();
      throw error;
    }
  }

  /** What a program needs to play here, to that sink, and to leave the user's own settings alone. */
  environment(sink?: string): Record<string, string> {
    return {
      PATH: process.env.PATH ?? '',
      PULSE_SERVER: `unix:${this.#socket}`,
      ...(sink === undefined ? {} : { PULSE_SINK: sink }),
    };
  }

  async stop(): Promise<void> {
    await this.#program.end('SIGTERM');
    await rm(this.folder, { recursive: true, force: true });
  }

  get #socket(): string {
    return join(this.folder, 'native');
  }

  async #start(modules: string[]): Promise<void> {
    const settings = join(this.folder, 'daemon.conf');
    // What programs take as the rate of the sound card: with another one they would resample.
    const rates = ['default', 'alternate'].map((which) => `${which}-sample-rate = ${SAMPLE_RATE}`);
    await writeFile(settings, [...rates, 'resample-method = speex-float-5', ''].join('\n'));
    const door = `module-native-protocol-unix socket=${this.#socket} auth-anonymous=1`;
    const loads = [door, ...modules].flatMap((module) => ['-L', module]);
    const never = ['--daemonize=no', '--exit-idle-time=-1', '--use-pid-file=no', '--disable-shm=yes'];
    await this.#program.start(['-n', '--system=false', ...never, '--log-target=stderr', '--log-level=info', ...loads], {
      HOME: this.folder,
      XDG_RUNTIME_DIR: this.folder,
      PULSE_RUNTIME_PATH: this.folder,
      PULSE_STATE_PATH: this.folder,
      PULSE_CONFIG: settings,
    });
  }
}
