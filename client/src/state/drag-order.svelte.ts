import { landingIndex, moved } from '../util/reorder';

interface Options<T> {
  /** The known order. */
  order: () => readonly T[];
  /** The first and the last index at which an item may land. */
  bounds: () => { first: number; last: number };
  move: (from: number, to: number) => void;
}

/** Sorts a list by dragging. */
export class DragOrder<T extends { id: string }> {
  /** The order during a drag, and until the server answers. */
  tentative = $state.raw<readonly T[] | null>(null);
  /** The id of the dragged item. */
  dragged = $state.raw<string | null>(null);

  constructor(private readonly options: Options<T>) {}

  grab(event: PointerEvent & { currentTarget: HTMLElement }, id: string): void {
    if (event.button !== 0) return;
    event.preventDefault();
    event.currentTarget.setPointerCapture(event.pointerId);
    this.dragged = id;
    this.tentative = this.options.order();
  }

  drag(event: PointerEvent & { currentTarget: HTMLElement }): void {
    const list = event.currentTarget.closest('ol');
    if (this.tentative === null || this.dragged === null || list === null) return;
    const from = this.#indexIn(this.tentative);
    const middles = [...list.children].map((item) => {
      const { top, height } = item.getBoundingClientRect();
      return top + height / 2;
    });
    const { first, last } = this.options.bounds();
    const to = Math.min(Math.max(landingIndex(middles, from, event.clientY), first), last);
    if (to !== from) this.tentative = moved(this.tentative, from, to);
  }

  drop(): void {
    if (this.tentative === null || this.dragged === null) return;
    const [from, to] = [this.#indexIn(this.options.order()), this.#indexIn(this.tentative)];
    this.cancel();
    this.options.move(from, to);
  }

  cancel(): void {
    this.dragged = null;
    this.tentative = null;
  }

  /** Shows an order until the request for it is answered, unless another change replaces it. */
  async showUntil<R>(order: readonly T[], request: Promise<R>): Promise<R> {
    this.tentative = order;
    try {
      return await request;
    } finally {
      if (this.tentative === order) this.tentative = null;
    }
  }

  #indexIn(items: readonly T[]): number {
    return items.findIndex(({ id }) => id === this.dragged);
  }
}
