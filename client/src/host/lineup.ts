import type { Entry, EntryId } from '$protocol';
import { moved } from '../util/reorder';

/** A move in the host's order, as the server expects it. */
export interface LineupMove {
  entry: EntryId;
  /** The entry that it moves before; `null`: to the end. */
  before: EntryId | null;
}

/**
 * The range of places that entries can be moved within: an entry that is about to start keeps its place, and entries
 * that are not shown cannot be targets.
 */
export function movable(order: readonly Entry[], total: number): { first: number; last: number } {
  const first = order[0]?.place?.reason === 'locked' ? 1 : 0;
  const last = order.length - 1 - (total > order.length ? 1 : 0);
  return { first, last };
}

/** `null` when it would not be a move, or not a permitted one. */
export function lineupMove(order: readonly Entry[], total: number, from: number, to: number): LineupMove | null {
  const { first, last } = movable(order, total);
  const entry = order[from];
  if (entry === undefined || from === to || from < first || to < first || to > last) return null;
  return { entry: entry.id, before: moved(order, from, to)[to + 1]?.id ?? null };
}
