import { FakeAudio } from './fake-audio';
import { seeded } from './random';

export interface SoundCardOptions {
  /** How much faster it plays than it should. */
  ppm?: number;
  /** From the context to the ear. */
  latencyMs?: number;
  /** It reports nothing, like Firefox on Linux. */
  silent?: boolean;
  /** The reported latency, at a moment of the page's clock. */
  saidLatencyMs?: (localMs: number) => number;
  /** Maximum error of timestamps. */
  noiseMs?: number;
  /** When no sound is produced, in true time. */
  dropOuts?: { fromMs: number; forMs: number }[];
  seed?: number;
}

/** Block size in seconds. */
const BLOCK_S = 480 / 48_000;

/** An `AudioContext` that plays through a sound card with its own clock, latency and disturbances. */
export class SoundCard extends FakeAudio {
  override readonly getOutputTimestamp: () => AudioTimestamp;

  constructor(
    private readonly trueMs: () => number,
    /** The page's clock at a true time. */
    local: (trueMs: number) => number,
    private readonly options: SoundCardOptions,
  ) {
    const localMs = () => local(trueMs());
    super(localMs);
    const random = seeded(options.seed ?? 7);
    const said = options.saidLatencyMs ?? (() => this.#latencyMs);
    // As in browsers: of the moment at which the last block was requested.
    this.getOutputTimestamp = () => {
      if (options.silent) return {};
      const noiseMs = (options.noiseMs ?? 0.5) * (2 * random() - 1);
      const askedMs = this.#momentOf(this.currentTime - BLOCK_S);
      const heard = this.#renderedAt(askedMs - said(localMs()) + noiseMs);
      return { contextTime: Math.max(0, heard), performanceTime: local(askedMs) };
    };
  }

  override get currentTime(): number {
    return Math.ceil(this.#renderedAt(this.trueMs()) / BLOCK_S) * BLOCK_S;
  }

  /** The position in the track that is really heard, in ms; `null`: none. */
  heardPositionMs(): number | null {
    const contextTime = this.#renderedAt(this.trueMs() - this.#latencyMs);
    const frame = contextTime * this.sampleRate;
    const sounds = this.sources.findLast(({ startFrame, endFrame }) => startFrame <= frame && frame < endFrame);
    if (sounds === undefined || this.state !== 'running' || this.#isSilent()) return null;
    return (sounds.trackPositionAt(frame) * 1000) / this.sampleRate;
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
    return playedMs * this.#secondsPerMs;
  }

  /** When it had rendered this much. */
  #momentOf(contextTime: number): number {
    let atMs = contextTime / this.#secondsPerMs;
    for (const { fromMs, forMs } of this.options.dropOuts ?? []) if (atMs > fromMs) atMs += forMs;
    return atMs;
  }

  get #secondsPerMs(): number {
    return (1 + (this.options.ppm ?? 0) / 1e6) / 1000;
  }
}
