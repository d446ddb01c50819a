import { FakeAudio } from './fake-audio';
import { seeded } from './random';

export interface SoundCardOptions {
  /** How much faster it plays than it should. */
  ppm?: number;
  /** From the context to the ear. */
  latencyMs?: number;
  /** What it says that is, at a moment of the page's clock. */
  saidLatencyMs?: (localMs: number) => number;
  /** Timestamps are off by up to so much. */
  noiseMs?: number;
  /** When no sound comes out, by the true time. */
  dropOuts?: { fromMs: number; forMs: number }[];
  seed?: number;
}

/** Sound is rendered in blocks of so many seconds. */
const BLOCK_S = 480 / 48_000;

/** An `AudioContext` whose sound leaves through a card with a clock, a latency and moods of its own. */
export class SoundCard extends FakeAudio {
  readonly getOutputTimestamp: () => AudioTimestamp;

  constructor(
    private readonly trueMs: () => number,
    localMs: () => number,
    private readonly options: SoundCardOptions,
  ) {
    super(localMs);
    const random = seeded(options.seed ?? 7);
    const said = options.saidLatencyMs ?? (() => this.#latencyMs);
    this.getOutputTimestamp = () => {
      const noiseMs = (options.noiseMs ?? 0.5) * (2 * random() - 1);
      const heard = this.#renderedAt(trueMs() - said(localMs()) + noiseMs);
      return { contextTime: Math.max(0, heard), performanceTime: localMs() };
    };
  }

  override get currentTime(): number {
    return Math.ceil(this.#renderedAt(this.trueMs()) / BLOCK_S) * BLOCK_S;
  }

  /** The place in its track that really leaves the loudspeaker, in ms; `null`: none does. */
  heardPositionMs(): number | null {
    const contextTime = this.#renderedAt(this.trueMs() - this.#latencyMs);
    const sounds = this.sources.findLast(
      ({ startedAt, stoppedAt }) => startedAt! <= contextTime && contextTime < (stoppedAt ?? Number.POSITIVE_INFINITY),
    );
    if (sounds === undefined || this.state !== 'running' || this.#isSilent()) return null;
    return sounds.positionAt(contextTime, this.sampleRate) * 1000;
  }

  get #latencyMs(): number {
    return this.options.latencyMs ?? 40;
  }

  #isSilent(): boolean {
    const atMs = this.trueMs() - this.#latencyMs;
    return (this.options.dropOuts ?? []).some(({ fromMs, forMs }) => atMs >= fromMs && atMs < fromMs + forMs);
  }

  #renderedAt(atMs: number): number {
    let playedMs = atMs;
    for (const { fromMs, forMs } of this.options.dropOuts ?? [])
      playedMs -= Math.min(Math.max(atMs - fromMs, 0), forMs);
    return (playedMs / 1000) * (1 + (this.options.ppm ?? 0) / 1e6);
  }
}
