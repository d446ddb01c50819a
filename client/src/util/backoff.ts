const FIRST_MS = 500;
const CEILING_MS = 15_000;

/**
 * The wait before attempt number `attempt` (from 0): uniformly below a ceiling that doubles ("full jitter"), so that a
 * room's devices do not all return at the same moment.
 */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(CEILING_MS, FIRST_MS * 2 ** attempt);
}
