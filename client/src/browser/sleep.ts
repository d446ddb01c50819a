/**
 * Detects that the machine has slept. `performance.now()` stops during sleep on most systems, while the time of day
 * goes on. The result is a hint to reconnect and measure again, not a measurement: users change their clocks.
 */
export class SleepDetector {
  #last: { localMs: number; dateMs: number } | null = null;

  /** Call this a few times a second. Returns true when more time passed since the last call than a busy page loses. */
  sleptSinceLastCall(localMs: number, dateMs: number): boolean {
    const last = this.#last;
    this.#last = { localMs, dateMs };
    if (last === null) return false;
    const passedMs = localMs - last.localMs;
    return passedMs > GAP_MS || Math.abs(dateMs - last.dateMs - passedMs) > APART_MS;
  }
}

/** Background pages run timers up to a minute late. That also counts as sleep, and does no harm. */
const GAP_MS = 5_000;
/** NTP corrections never jump this far. */
const APART_MS = 500;
