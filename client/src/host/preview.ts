import type { Entry, EntryId } from '$protocol';

/** One line of an order that could be, with how many places it would go ahead; negative: back. */
export interface PreviewRow {
  entry: Entry;
  /** `null`: it is not among what is shown of the order now. */
  ahead: number | null;
}

/** What of the order would be another one. */
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
