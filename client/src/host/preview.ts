import type { Entry, EntryId } from '$protocol';

/** One entry of a previewed order, with the number of places it would move up (negative: down). */
export interface PreviewRow {
  entry: Entry;
  /** `null`: it is not in the shown part of the current order. */
  ahead: number | null;
}

/** How the order would change. */
export function compareOrders(now: readonly Entry[], then: readonly Entry[]): PreviewRow[] {
  const places = new Map<EntryId, number>(now.map(({ id }, place) => [id, place]));
  return then.map((entry, place) => {
    const before = places.get(entry.id);
    return { entry, ahead: before === undefined ? null : before - place };
  });
}

/** Nothing would move. */
export function isSameOrder(now: readonly Entry[], then: readonly Entry[]): boolean {
  return now.length === then.length && now.every(({ id }, place) => then[place]?.id === id);
}
