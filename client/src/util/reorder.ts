/** The list with the item at `from` moved to where `to` is. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = [...items];
  const [item] = rest.splice(from, 1);
  if (item === undefined) return rest;
  rest.splice(to, 0, item);
  return rest;
}

/** Where a dragged item would land: the number of other items whose middle lies above it. */
export function landingIndex(middles: readonly number[], from: number, y: number): number {
  return middles.filter((middle, index) => index !== from && middle < y).length;
}
