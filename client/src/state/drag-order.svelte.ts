import { edgeSpeed, landingIndex, moved } from '../util/reorder';
import { scrollerOf } from '../util/scroller';

interface Options {
  /** The ids in the shown order. */
  ids: () => readonly string[];
  /** The first and the last index that an item can be dragged from and to. */
  bounds: () => { first: number; last: number };
  /** Where rows are, in pixels from the start of the list, also those that are not in the document. */
  layout: () => { middles: readonly number[]; heightOf: (index: number) => number };
  /** `before`: the id of the item that follows from now on; `null`: none. */
  move: (id: string, before: string | null) => void;
  /** Called for an item that was swiped aside; `null`: this one stays. */
  remove?: (id: string) => (() => void) | null;
}

type Gesture = { id: string; pointer: number; x: number; y: number } & (
  | { name: 'press'; timer: ReturnType<typeof setTimeout> }
  /** `grip`: from the middle of the row to the pointer. */
  | { name: 'drag'; grip: number }
  | { name: 'swipe'; remove: () => void }
);

const LONG_PRESS_MS = 350;
/** How far a finger moves before a press is a swipe, or the browser's scrolling. */
const SLOP = 10;
/** The part of the row's width after which a swipe removes. */
const SWIPE_SHARE = 0.4;

/**
 * Sorts a list by mouse, pen and finger, and removes by swiping. The list has the pointer, and rows are only translated
 * while it moves: they stay where they are in the document, so the list may change under a drag. Rows name their id in
 * `data-row`, and handles have `data-handle`.
 */
export class DragOrder {
  #gesture = $state.raw<Gesture | null>(null);
  /** Where the dragged row is, from its place: pixels. Where the swiped row is. */
  #offset = $state(0);
  /** The index at which the dragged row would land. */
  #to = $state(0);
  /** The height that the dragged row takes, with the gap. */
  #room = $state(0);
  #list: HTMLElement | null = null;
  #frame = 0;
  readonly #from = $derived.by(() =>
    this.#gesture?.name === 'drag' ? this.options.ids().indexOf(this.#gesture.id) : -1,
  );

  constructor(private readonly options: Options) {}

  /** For the list that contains the rows. */
  attach = (list: HTMLElement): (() => void) => {
    this.#list = list;
    const stop = new AbortController();
    const on = <Name extends keyof HTMLElementEventMap>(
      name: Name,
      does: (event: HTMLElementEventMap[Name]) => void,
      options = {},
    ) => list.addEventListener(name, does, { signal: stop.signal, ...options });
    on('pointerdown', (event) => this.#down(event));
    on('pointermove', (event) => this.#moved(event));
    on('pointerup', (event) => this.#up(event));
    on('pointercancel', (event) => this.#isOurs(event) && this.cancel());
    // A touched element loses the finger when the list takes it.
    on('lostpointercapture', (event) => event.target === list && this.#isOurs(event) && this.cancel());
    // A scroll that has not begun yet would take the finger away.
    on('touchmove', (event) => this.#isActive && event.cancelable && event.preventDefault(), { passive: false });
    on('contextmenu', (event) => this.#gesture !== null && event.preventDefault());
    return () => {
      stop.abort();
      this.cancel();
      this.#list = null;
    };
  };

  /** What the user does with this row. */
  gestureOf(id: string): 'drag' | 'swipe' | undefined {
    const gesture = this.#gesture;
    return gesture?.id === id && gesture.name !== 'press' ? gesture.name : undefined;
  }

  /** The row under the pointer. It has to stay in the document. */
  get held(): string | null {
    return this.#gesture?.id ?? null;
  }

  get isDragging(): boolean {
    return this.#gesture?.name === 'drag';
  }

  /** Where the row at this index is shown during a drag, from its place. */
  shiftOf(id: string, index: number): string | undefined {
    if (this.gestureOf(id) === 'drag') return `translateY(${this.#offset}px)`;
    const [from, to] = [this.#from, this.#to];
    if (from === -1 || index < Math.min(from, to) || index > Math.max(from, to)) return undefined;
    return `translateY(${from < to ? -this.#room : this.#room}px)`;
  }

  /** Where the content of a swiped row is shown, from its place. */
  swipeOf(id: string): string | undefined {
    return this.gestureOf(id) === 'swipe' ? `translateX(${this.#offset}px)` : undefined;
  }

  /** Ends the gesture; everything stays as it was. */
  cancel(): void {
    const gesture = this.#gesture;
    if (gesture === null) return;
    if (gesture.name === 'press') clearTimeout(gesture.timer);
    this.#gesture = null;
    cancelAnimationFrame(this.#frame);
    removeEventListener('keydown', this.#onkeydown, true);
    if (this.#list?.hasPointerCapture(gesture.pointer)) this.#list.releasePointerCapture(gesture.pointer);
  }

  #down(event: PointerEvent): void {
    const target = event.target as Element;
    const row = target.closest<HTMLElement>('[data-row]');
    if (this.#gesture !== null || row === null || !event.isPrimary || event.button !== 0) return;
    const at = { id: row.dataset.row!, pointer: event.pointerId, x: event.clientX, y: event.clientY };
    if (target.closest('[data-handle]') !== null) {
      // Selects no text, and moves no focus.
      event.preventDefault();
      this.#drag(at);
    } else if (event.pointerType !== 'mouse') {
      const onControl = target.closest('button, a, input') !== null;
      const timer = setTimeout(() => onControl || this.#drag(this.#gesture!), LONG_PRESS_MS);
      this.#gesture = { ...at, name: 'press', timer };
    }
  }

  #drag({ id, pointer, x, y }: Pick<Gesture, 'id' | 'pointer' | 'x' | 'y'>): void {
    const row = this.#rowOf(id);
    const index = this.options.ids().indexOf(id);
    const { first, last } = this.options.bounds();
    if (row === undefined || index < first || index > last) return;
    this.#list?.setPointerCapture(pointer);
    const { top, height } = row.getBoundingClientRect();
    this.#gesture = { name: 'drag', id, pointer, x, y, grip: y - top - height / 2 };
    this.#offset = 0;
    this.#to = index;
    addEventListener('keydown', this.#onkeydown, true);
    this.#frame = requestAnimationFrame((now) => this.#follow(now, now));
  }

  #moved(event: PointerEvent): void {
    const gesture = this.#gesture;
    if (gesture === null || !this.#isOurs(event)) return;
    if (gesture.name === 'drag') {
      this.#gesture = { ...gesture, x: event.clientX, y: event.clientY };
      return;
    }
    const [x, y] = [event.clientX - gesture.x, event.clientY - gesture.y];
    if (gesture.name === 'swipe') {
      this.#offset = x;
    } else if (Math.hypot(x, y) > SLOP) {
      const remove = this.options.remove?.(gesture.id) ?? null;
      this.cancel();
      if (remove === null || Math.abs(x) < Math.abs(y)) return;
      this.#list?.setPointerCapture(gesture.pointer);
      this.#offset = x;
      this.#gesture = { ...gesture, name: 'swipe', remove };
    }
  }

  #up(event: PointerEvent): void {
    const gesture = this.#gesture;
    if (gesture === null || !this.#isOurs(event)) return;
    if (gesture.name === 'drag') {
      this.#gesture = { ...gesture, y: event.clientY };
      this.#place();
    }
    const ids = this.options.ids();
    const [from, to] = [this.#from, this.#to];
    const width = this.#rowOf(gesture.id)?.offsetWidth ?? Number.POSITIVE_INFINITY;
    this.cancel();
    if (gesture.name === 'swipe' && Math.abs(event.clientX - gesture.x) > width * SWIPE_SHARE) gesture.remove();
    if (gesture.name === 'drag' && from !== -1 && from !== to)
      this.options.move(gesture.id, moved(ids, from, to)[to + 1] ?? null);
  }

  /** Every frame of a drag: the list may have been scrolled or changed since the last one. */
  #follow(now: number, before: number): void {
    const gesture = this.#gesture;
    const view = this.#list === null ? null : scrollerOf(this.#list);
    if (gesture?.name !== 'drag' || view === null) return;
    const { top, bottom } = visibleRange(view);
    const speed = edgeSpeed(gesture.y, top, bottom);
    if (speed !== 0) view.scrollBy({ top: speed * (now - before), behavior: 'instant' });
    this.#place();
    this.#frame = requestAnimationFrame((next) => this.#follow(next, now));
  }

  /** Moves the dragged row to the pointer. The drag ends when its entry has left the list. */
  #place(): void {
    const gesture = this.#gesture;
    const list = this.#list;
    if (gesture?.name !== 'drag' || list === null) return;
    const from = this.#from;
    if (from === -1) {
      this.cancel();
      return;
    }
    const layout = this.options.layout();
    const { middles } = layout;
    const listTop = list.getBoundingClientRect().top;
    this.#room = layout.heightOf(from);
    const { first, last } = this.options.bounds();
    const y = gesture.y - gesture.grip - listTop;
    this.#offset = Math.min(Math.max(y, middles[first]!), middles[last] ?? y) - middles[from]!;
    this.#to = Math.min(Math.max(landingIndex(middles, from, y), first), last);
  }

  get #isActive(): boolean {
    return this.#gesture !== null && this.#gesture.name !== 'press';
  }

  #isOurs({ pointerId }: PointerEvent): boolean {
    return this.#gesture?.pointer === pointerId;
  }

  #rowOf(id: string): HTMLElement | undefined {
    return this.#list?.querySelector<HTMLElement>(`[data-row="${CSS.escape(id)}"]`) ?? undefined;
  }

  #onkeydown = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape') return;
    // A dialog around the list stays open.
    event.preventDefault();
    event.stopPropagation();
    this.cancel();
  };
}

function visibleRange(view: Element): { top: number; bottom: number } {
  if (view === document.scrollingElement) return { top: 0, bottom: innerHeight };
  const { top, bottom } = view.getBoundingClientRect();
  return { top: Math.max(top, 0), bottom: Math.min(bottom, innerHeight) };
}
