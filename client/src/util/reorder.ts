/** Moves the item at `from` to index `to`. */
export function moved<T>(items: readonly T[], from: number, to: number): T[] {
  const rest = [...items];
  const [item] = rest.splice(from, 1);
  if (item === undefined) return rest;
  rest.splice(to, 0, item);
  return rest;
}

/** The index where a dragged item would land: the number of other items whose middle is above its own. */
export function landingIndex(middles: readonly number[], from: number, y: number): number {
  return middles.filter((middle, index) => index !== from && middle < y).length;
}

/** Pixels within which a drag near the edge of a list's view scrolls it. */
const EDGE = 72;
/** Pixels for each millisecond at the very edge. */
const SPEED_MAX = 0.9;

/** How fast a view scrolls, in pixels a millisecond, while a drag is at `y`; negative: up. */
export function edgeSpeed(y: number, top: number, bottom: number): number {
  const edge = Math.min(EDGE, (bottom - top) / 4);
  const above = Math.max(0, top + edge - y);
  const below = Math.max(0, y - bottom + edge);
  return (Math.min(below, edge) - Math.min(above, edge)) * (SPEED_MAX / edge);
}
