import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Program } from './program.ts';

/** The sample rate of the sound card; with another one programs would resample. */
const SAMPLE_RATE = 48_000;
/** Recordings are written to memory: a busy disk would delay a sound card. */
const MEMORY = '/dev/shm';

/**
 * A private PulseAudio server with its own folder and socket and without desktop modules. It ends with this process and
 * is independent of any other on the machine.
 */
export class PulseAudio {
  #program = new Program('pulseaudio', /(Daemon startup complete)/);

  private constructor(readonly folder: string) {}

  /** `modules` in the syntax of PulseAudio's configuration. */
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

  /** The environment that makes a program play to that sink without touching the user's settings. */
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
