/** Which rows of a list are in the document: those from `first` to before `end`, and the space of the others. */
export interface RowRange {
  first: number;
  end: number;
  /** Pixels above the first row, and below the last. */
  before: number;
  after: number;
}

/** Lists up to this length are in the document as a whole: the browser's find-in-page searches them. */
const WHOLE_MAX = 60;
/** Pixels on both sides of the view in which rows exist before they are seen. */
const OVERSCAN = 512;

/**
 * The layout of a list whose rows are not all in the document. Rows that were measured have their own height, the others
 * the mean height of those that were measured first. Heights contain the gap to the next row.
 */
export class RowWindow<Key> {
  #keys: readonly Key[] = [];
  #heights = new Map<Key, number>();
  /** Where each row starts, and in the end where the list ends. */
  #tops = new Float64Array(1);
  #gap = 0;
  #learned = false;

  /** `usual`: the height of a row before any was measured. */
  constructor(private usual: number) {}

  /** The rows, in order. Heights of rows that left are forgotten once they are more than those that stayed. */
  setKeys(keys: readonly Key[]): void {
    if (keys === this.#keys) return;
    this.#keys = keys;
    if (this.#heights.size > 2 * keys.length) {
      const kept = new Set(keys);
      for (const key of this.#heights.keys()) if (!kept.has(key)) this.#heights.delete(key);
    }
    this.#arrange();
  }

  /** Takes heights without gaps. Returns whether rows have moved. */
  measure(heights: Iterable<readonly [Key, number]>, gap: number): boolean {
    let moved = gap !== this.#gap;
    this.#gap = gap;
    let [sum, count] = [0, 0];
    for (const [key, height] of heights) {
      const before = this.#heights.get(key) ?? this.usual;
      this.#heights.set(key, height + gap);
      moved ||= Math.abs(before - height - gap) >= 0.5;
      sum += height + gap;
      count += 1;
    }
    if (!this.#learned && count > 0) {
      this.usual = sum / count;
      this.#learned = true;
    }
    if (moved) this.#arrange();
    return moved;
  }

  /** All rows have other heights now: the list has another width. */
  forget(): void {
    this.#heights.clear();
    this.#learned = false;
  }

  topOf(index: number): number {
    return this.#tops[index] ?? 0;
  }

  /** With the gap to the next row. */
  heightOf(index: number): number {
    return this.topOf(index + 1) - this.topOf(index);
  }

  get middles(): number[] {
    return this.#keys.map((_, index) => (this.topOf(index) + this.topOf(index + 1) - this.#gap) / 2);
  }

  /** The rows for a view from `top` to `bottom`, in pixels from the start of the list. */
  range(top: number, bottom: number): RowRange {
    const count = this.#keys.length;
    if (count <= WHOLE_MAX) return { first: 0, end: count, before: 0, after: 0 };
    const first = this.at(Math.min(top - OVERSCAN, this.topOf(count) - OVERSCAN));
    const end = Math.max(this.at(Math.max(bottom, 0) + OVERSCAN), first) + 1;
    return { first, end, before: this.topOf(first), after: this.topOf(count) - this.topOf(end) };
  }

  /** The row at this place; the first or the last one outside of the list. */
  at(y: number): number {
    let [low, high] = [0, this.#keys.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.topOf(middle) <= y) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  #arrange(): void {
    const tops = new Float64Array(this.#keys.length + 1);
    for (const [index, key] of this.#keys.entries())
      tops[index + 1] = tops[index]! + (this.#heights.get(key) ?? this.usual);
    this.#tops = tops;
  }
}
