/**
 * Notices that this machine has slept. `performance.now()` stands still in the sleep of most systems, so it cannot tell;
 * but the time of day goes on. It is a hint to look at everything anew, never a measure of anything: people set clocks.
 */
export class SleepDetector {
  #last: { localMs: number; dateMs: number } | null = null;

  /** Called a few times a second. True when more time was lost since the last call than a busy page loses. */
  sleptSinceLastCall(localMs: number, dateMs: number): boolean {
    const last = this.#last;
    this.#last = { localMs, dateMs };
    if (last === null) return false;
    const passedMs = localMs - last.localMs;
    return passedMs > GAP_MS || Math.abs(dateMs - last.dateMs - passedMs) > APART_MS;
  }
}

/** Timers of a page in the background may come a minute late; that is no reason, and does no harm. */
const GAP_MS = 5_000;
/** Clocks that are only corrected over the network do not jump so far. */
const APART_MS = 500;
