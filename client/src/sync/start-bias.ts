import type { Memory } from '../browser/storage';
import { clamp, median } from '../util/numbers';

const SAMPLES_MAX = 7;
/** A start that took longer was no start but a stall, and says nothing about the next. */
const BIAS_MS_MAX = 3_000;

/**
 * How long after a command its music is there, on this device: what a start or a seek must aim ahead by. Learned from
 * the last ones, and kept: the network and the loudspeaker of tonight are mostly those of yesterday.
 */
export class StartBias {
  #samples: number[] | null = null;

  constructor(
    private readonly memory: Memory,
    private readonly key: string,
    private readonly firstGuessMs: number,
  ) {}

  get ms(): number {
    const samples = this.#all();
    return samples.length === 0 ? this.firstGuessMs : median(samples);
  }

  /** One more was seen. The median keeps a single slow one from spoiling the next. */
  learn(ms: number): void {
    if (!Number.isFinite(ms)) return;
    this.#samples = [...this.#all(), Math.round(clamp(ms, 0, BIAS_MS_MAX))].slice(-SAMPLES_MAX);
    this.memory.remember(this.key, JSON.stringify(this.#samples));
  }

  #all(): number[] {
    this.#samples ??= parsed(this.memory.recall(this.key));
    return this.#samples;
  }
}

/** What is stored may be from another version, or from somebody curious. */
function parsed(text: string | null): number[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    const isSane = (ms: unknown): ms is number => typeof ms === 'number' && ms >= 0 && ms <= BIAS_MS_MAX;
    return Array.isArray(value) ? value.filter(isSane).slice(-SAMPLES_MAX) : [];
  } catch {
    return [];
  }
}
