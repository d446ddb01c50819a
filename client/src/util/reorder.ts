/** Moves the item at `from` to index `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = [...items];
  const [item] = rest.splice(from, 1);
  if (item === undefined) return rest;
  rest.splice(to, 0, item);
  return rest;
}

/** The index where a dragged item would land: the number of other items whose middle is above it. */
export function landingIndex(middles: readonly number[], from: number, y: number): number {
  return middles.filter((middle, index) => index !== from && middle < y).length;
}
