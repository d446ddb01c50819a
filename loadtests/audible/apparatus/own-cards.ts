import { execFileSync } from 'node:child_process';
import { closeSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from '../../../tests/browser/support/program.ts';
import { PulseAudio } from '../../../tests/browser/support/pulse.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import { CARD_CHANNELS } from './card-clock.ts';
import { type Outputs, sinkOf } from './outputs.ts';
import { setSoundCardPriority } from './priority.ts';
import { Recording } from './recording.ts';

const CARD_CLOCK = fileURLToPath(new URL('./card-clock.ts', import.meta.url));
const LOOK_EVERY_MS = 20;
const READ_BYTES = 1 << 18;

/**
 * A sound card for each player, with a clock of its own. A null sink follows the system's clock; a pipe sink plays as
 * fast as its pipe is emptied, and our own process empties it at the machine's clock skewed by a given number of ppm, so
 * each sample's time is known exactly.
 */
export class OwnCards implements Outputs {
  readonly recording: Recording;
  #clock = new Program(process.execPath, /playing since ([\d.]+)/);
  #files: number[] = [];
  #rests: Buffer[] = [];
  #reading: ReturnType<typeof setInterval> | undefined;

  private constructor(
    readonly pulse: PulseAudio,
    private readonly ppm: readonly number[],
  ) {
    this.recording = new Recording(ppm.length, ppm);
  }

  static async start(ppm: readonly number[]): Promise<OwnCards> {
    const shape = `format=float32le rate=${SAMPLE_RATE} channels=${CARD_CHANNELS}`;
    const pulse = await PulseAudio.start((folder) =>
      ppm.map(
        (_, player) => `module-pipe-sink sink_name=${sinkOf(player)} file=${join(folder, `pipe${player}`)} ${shape}`,
      ),
    );
    const cards = new OwnCards(pulse, ppm);
    try {
      await cards.#play();
      return cards;
    } catch (error) {
      await cards.stop();
      throw error;
    }
  }

  /** Cards that underran while their sink was playing. */
  troubles(): string[] {
    return this.#clock.log.split('\n').filter((line) => line.includes('starved'));
  }

  stall(): () => void {
    this.#clock.signal('SIGSTOP');
    return () => this.#clock.signal('SIGCONT');
  }

  async stop(): Promise<void> {
    clearInterval(this.#reading);
    await this.#clock.end('SIGTERM');
    for (const file of this.#files) closeSync(file);
    await this.pulse.stop();
  }

  async #play(): Promise<void> {
    const files = this.ppm.map((_, player) => join(this.pulse.folder, `heard${player}`));
    for (const file of files) execFileSync('touch', [file]);
    const cards = this.ppm.map((ppm, player) => [join(this.pulse.folder, `pipe${player}`), files[player], ppm]);
    const startMs = await this.#clock.start([...process.execArgv, CARD_CLOCK, JSON.stringify(cards)]);
    // Without permission nothing else is permitted either, and the players report it.
    await setSoundCardPriority(this.#clock.pid!);
    this.recording.startMs = Number(startMs);
    this.#files = files.map((file) => openSync(file, 'r'));
    this.#rests = files.map(() => Buffer.alloc(0));
    this.#reading = setInterval(() => this.#read(), LOOK_EVERY_MS);
  }

  #read(): void {
    for (const [player, file] of this.#files.entries()) {
      const more = Buffer.alloc(READ_BYTES);
      const bytes = Buffer.concat([this.#rests[player]!, more.subarray(0, readSync(file, more))]);
      const samples = new Float32Array(Math.floor(bytes.length / 4));
      for (let n = 0; n < samples.length; n += 1) samples[n] = bytes.readFloatLE(4 * n);
      this.#rests[player] = bytes.subarray(4 * samples.length);
      this.recording.take(player, samples);
    }
    this.recording.look();
  }
}
