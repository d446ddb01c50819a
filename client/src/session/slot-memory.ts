import { SLOT_KEY as KEY, type Memory } from '../browser/storage';

const NOBODY = 'nobody';

/** `nobody`: the user logged out and no other was chosen since. `null`: never chosen. */
export type Remembered = number | typeof NOBODY | null;

/**
 * Which slot a tab uses. A tab keeps its slot across reloads; a new tab starts with the last one used on this device. A
 * logout is remembered too, so that no page switches to another user by itself.
 */
export class SlotMemory {
  constructor(
    private readonly tab: Memory,
    private readonly device: Memory,
  ) {}

  recall(): Remembered {
    return read(this.tab) ?? read(this.device);
  }

  /** The user chose a slot: for this tab, and for tabs that open later. */
  choose(slot: number): void {
    this.tab.remember(KEY, String(slot));
    this.device.remember(KEY, String(slot));
  }

  /** For this tab only. */
  keep(slot: number): void {
    this.tab.remember(KEY, String(slot));
  }

  /** The user of that slot logged out. */
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
