import type { Memory } from '../browser/storage';
import { clamp } from '../util/numbers';

/**
 * How much later each output of this device is heard than its browser knows, as somebody found out; kept on this device,
 * by its id. Headphones and the loudspeaker of one phone are two outputs with an offset each.
 */

export interface Calibration {
  /** Positive is late: the device plays that much earlier. */
  offset_ms: number;
  /** One standard deviation, as far as whoever measured could tell. */
  error_ms: number;
  how: 'tapped' | 'heard' | 'set';
  /** Unix time, for telling how long ago it was. */
  at_ms: number;
}

/** No loudspeaker is later than this; a larger figure is a mistake. */
export const OFFSET_MS_MAX = 2_000;
/** Past it, what was set longest ago is forgotten. */
const OUTPUTS_MAX = 16;
const DEFAULT_OUTPUT = 'default';
/** By tapping along, by a microphone, by hand. */
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

  /** What the scheduler adds; 0 for an output that nobody calibrated. */
  offsetMs(output: string): number {
    return this.of(output)?.offset_ms ?? 0;
  }

  /** `null` forgets it. */
  set(output: string, calibrated: Calibration | null): void {
    const all = this.#all();
    all.delete(output);
    if (calibrated !== null) {
      all.set(output, { ...calibrated, offset_ms: clamp(calibrated.offset_ms, -OFFSET_MS_MAX, OFFSET_MS_MAX) });
    }
    for (const oldest of [...all.keys()].slice(0, Math.max(0, all.size - OUTPUTS_MAX))) all.delete(oldest);
    this.memory.remember(this.#key, all.size === 0 ? null : JSON.stringify([...all]));
  }

  /** Another tab may have set something: the next look reads anew. */
  refresh(): void {
    this.#known = null;
  }

  #all(): Map<string, Calibration> {
    this.#known ??= new Map(parsed(this.memory.recall(this.#key)).filter(isEntry));
    return this.#known;
  }
}

/** Which output a context plays to, as far as the browser tells. */
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

/** What is stored may be from another version, or from somebody curious. */
function isEntry(value: unknown): value is [string, Calibration] {
  if (!Array.isArray(value) || typeof value[0] !== 'string' || typeof value[1] !== 'object') return false;
  const { offset_ms, error_ms, how, at_ms } = (value[1] ?? {}) as Partial<Calibration>;
  const isSane = Number.isFinite(offset_ms) && Math.abs(offset_ms!) <= OFFSET_MS_MAX;
  return isSane && Number.isFinite(error_ms) && Number.isFinite(at_ms) && HOWS.has(how as Calibration['how']);
}
