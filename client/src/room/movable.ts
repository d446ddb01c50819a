import type { Entry } from '$protocol';

/**
 * The range of places that entries can be moved within: an entry that is about to start keeps its place, and entries
 * that are not shown cannot be targets.
 */
export function movable(order: readonly Entry[], total: number): { first: number; last: number } {
  const first = order[0]?.place?.reason === 'locked' ? 1 : 0;
  const last = order.length - 1 - (total > order.length ? 1 : 0);
  return { first, last };
}
