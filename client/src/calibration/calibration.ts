import type { Memory } from '../browser/storage';
import { clamp } from '../util/numbers';

/**
 * How much later each audio output of this device is heard than the browser reports, as measured by the user. Stored on
 * this device by output id: the headphones and the loudspeaker of one phone have separate offsets.
 */

export interface Calibration {
  /** Positive is late: the device then plays that much earlier. */
  offset_ms: number;
  /** One standard deviation, as estimated by the measurement. */
  error_ms: number;
  how: 'tapped' | 'heard' | 'set';
  /** Unix time, shown as the age of the calibration. */
  at_ms: number;
}

/** No output is later than this; a larger value is a mistake. */
export const OFFSET_MS_MAX = 2_000;
/** Beyond this number the oldest calibration is dropped. */
const OUTPUTS_MAX = 16;
const DEFAULT_OUTPUT = 'default';
/** Tapped along, measured by a microphone, or set by hand. */
const HOWS: ReadonlySet<Calibration['how']> = new Set(['tapped', 'heard', 'set']);

export class Calibrations {
  readonly #key: string;
  #known: Map<string, Calibration> | null = null;

  constructor(
    private readonly memory: Memory,
    deviceId: string,
  ) {
    this.#key = `tutti.calibration.${deviceId}`;
  }

  of(output: string): Calibration | null {
    return this.#all().get(output) ?? null;
  }

  /** The offset for the scheduler; 0 for an output that is not calibrated. */
  offsetMs(output: string): number {
    return this.of(output)?.offset_ms ?? 0;
  }

  /** `null` removes it. */
  set(output: string, calibrated: Calibration | null): void {
    const all = this.#all();
    all.delete(output);
    if (calibrated !== null) {
      all.set(output, { ...calibrated, offset_ms: clamp(calibrated.offset_ms, -OFFSET_MS_MAX, OFFSET_MS_MAX) });
    }
    for (const oldest of [...all.keys()].slice(0, Math.max(0, all.size - OUTPUTS_MAX))) all.delete(oldest);
    this.memory.remember(this.#key, all.size === 0 ? null : JSON.stringify([...all]));
  }

  /** Another tab may have changed it: reads the storage again on the next access. */
  refresh(): void {
    this.#known = null;
  }

  #all(): Map<string, Calibration> {
    this.#known ??= new Map(parsed(this.memory.recall(this.#key)).filter(isEntry));
    return this.#known;
  }
}

/** Id of the output that a context plays to, as far as the browser tells. */
export function outputOf(context: object): string {
  const sinkId = 'sinkId' in context ? context.sinkId : null;
  return typeof sinkId === 'string' && sinkId !== '' ? sinkId : DEFAULT_OUTPUT;
}

function parsed(text: string | null): unknown[] {
  try {
    const value: unknown = JSON.parse(text ?? '[]');
    return Array.isArray(value) ? value : [];
  } catch {
    return [];
  }
}

/** Stored values may come from another version or from a curious user. */
function isEntry(value: unknown): value is [string, Calibration] {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || typeof value[1] !== 'object') return false;
  const { offset_ms, error_ms, how, at_ms } = (value[1] ?? {}) as Partial<Calibration>;
  const isSane = Number.isFinite(offset_ms) && Math.abs(offset_ms!) <= OFFSET_MS_MAX;
  return isSane && Number.isFinite(error_ms) && Number.isFinite(at_ms) && HOWS.has(how as Calibration['how']);
}
