import { straightened } from '../sound/resample.ts';
import { SILENCE } from '../sound/silence.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';

/** The window in which the presence of sound is detected. */
const LOOK_MS = 60;
/** Timeout of every wait, beyond its expected duration. */
const PATIENCE_MS = 30_000;

/** The recording of one player, which grows while it runs. */
class Channel {
  samples = new Float32Array(SAMPLE_RATE * 60);
  length = 0;

  take(more: Float32Array): void {
    if (this.length + more.length > this.samples.length) {
      const larger = new Float32Array(2 * (this.length + more.length));
      larger.set(this.samples.subarray(0, this.length));
      this.samples = larger;
    }
    this.samples.set(more, this.length);
    this.length += more.length;
  }

  get sounds(): boolean {
    const from = Math.max(0, this.length - Math.round((LOOK_MS * SAMPLE_RATE) / 1000));
    return this.samples.subarray(from, this.length).some((sample) => Math.abs(sample) > 5 * SILENCE);
  }
}

/** One channel a player, all started at the same time. */
export class Recording {
  readonly #channels: Channel[];
  #looks = new Set<() => void>();
  /** When the first sample was heard, on the machine's clock; late by the latency of the recording. */
  startMs = Number.POSITIVE_INFINITY;

  constructor(
    players: number,
    /** The clock skew of each channel in ppm; 0 where none is given. */
    private readonly ppm: readonly number[] = [],
  ) {
    this.#channels = Array.from({ length: players }, () => new Channel());
  }

  take(player: number, samples: Float32Array): void {
    this.#channels[player]!.take(samples);
  }

  /** New samples were stored: pending waits are re-evaluated. */
  look(): void {
    for (const look of this.#looks) look();
  }

  sounds(player: number): boolean {
    return this.#channels[player]!.sounds;
  }

  get lastMs(): number {
    return this.startMs + (Math.min(...this.#channels.map(({ length }) => length)) * 1000) / SAMPLE_RATE;
  }

  /** Converts a time of the machine's clock to ms of the recording. */
  placeOf(ms: number): number {
    return ms - this.startMs;
  }

  /** Everything recorded so far, resampled to the machine's clock. */
  get channels(): Float32Array[] {
    return this.#channels.map(({ samples, length }, player) =>
      straightened(samples.subarray(0, length), this.ppm[player] ?? 0),
    );
  }

  /** Waits until the recording has reached that time of the machine's clock. */
  reaches(ms: number): Promise<void> {
    return this.until(`the recording of ${Math.round(ms)}`, () => this.lastMs >= ms, ms - this.lastMs);
  }

  until(what: string, is: () => boolean, takesMs = 0): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!is()) return;
        done();
        resolve();
      };
      const late = setTimeout(() => {
        done();
        reject(new Error(`waited for ${what} in vain`));
      }, Math.max(0, takesMs) + PATIENCE_MS);
      const done = () => {
        clearTimeout(late);
        this.#looks.delete(look);
      };
      this.#looks.add(look);
      look();
    });
  }
}
