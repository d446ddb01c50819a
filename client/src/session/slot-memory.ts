import type { Memory } from '../browser/storage';

const KEY = 'tutti.slot';
const NOBODY = 'nobody';

/** `nobody`: whoever it was is out, and nobody has been chosen since. `null`: nobody ever was. */
export type Remembered = number | typeof NOBODY | null;

/**
 * Which slot a tab acts for. A tab keeps its own through reloads; a new one begins with the last that was used on this
 * device. That somebody is out is remembered as well, so that no page becomes somebody else by itself.
 */
export class SlotMemory {
  constructor(
    private readonly tab: Memory,
    private readonly device: Memory,
  ) {}

  recall(): Remembered {
    return read(this.tab) ?? read(this.device);
  }

  /** Somebody was chosen: for this tab, and for those that open next. */
  choose(slot: number): void {
    this.tab.remember(KEY, String(slot));
    this.device.remember(KEY, String(slot));
  }

  /** This tab stays with whom it began. */
  keep(slot: number): void {
    this.tab.remember(KEY, String(slot));
  }

  /** Whoever was in that slot is out. */
  forget(slot: number): void {
    this.tab.remember(KEY, NOBODY);
    if (read(this.device) === slot) this.device.remember(KEY, NOBODY);
  }
}

function read(memory: Memory): Remembered {
  const stored = memory.recall(KEY);
  if (stored === NOBODY) return NOBODY;
  return stored !== null && /^\d$/.test(stored) ? Number(stored) : null;
}
