import type { Memory } from '../browser/storage';
import { clamp, median } from '../util/numbers';

const SAMPLES_MAX = 7;
/** A start that takes longer was a stall, and says nothing about the next. */
const BIAS_MS_MAX = 3_000;

/**
 * The delay from a command to its sound on this device, which starts and seeks must compensate. Learned from the latest
 * ones and stored: network and output are mostly the same as yesterday.
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

  /** Adds an observation. The median keeps one slow start from affecting the next. */
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

/** Stored values may come from another version or from a curious user. */
function parsed(text: string | null): number[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    const isSane = (ms: unknown): ms is number => typeof ms === 'number' && ms >= 0 && ms <= BIAS_MS_MAX;
    return Array.isArray(value) ? value.filter(isSane).slice(-SAMPLES_MAX) : [];
  } catch {
    return [];
  }
}
