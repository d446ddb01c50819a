/** Small statistics. */

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

/** The value below which this share of all values lies, interpolated. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = Float64Array.from(values).sort();
  const place = (sorted.length - 1) * share;
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (high - low) * (place - below);
}

/** A robust standard deviation: the scaled median distance from the median. */
export function spread(values: readonly number[]): number {
  const middle = median(values);
  return 1.4826 * median(values.map((value) => Math.abs(value - middle)));
}

/** The standard deviation, sensitive to outliers, but not too small by chance with few values. */
export function deviation(values: readonly number[]): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** A mean without outliers: nearly as precise as a mean, and robust. */
export function center(values: readonly number[]): number {
  const middle = median(values);
  const near = 3 * spread(values);
  return mean(values.filter((value) => Math.abs(value - middle) <= near));
}

export function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** A count in a small space. */
export function badgeText(count: number): string {
  return count > 999 ? '999+' : String(count);
}
