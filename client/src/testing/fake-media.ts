import type { TrackRef } from '$protocol';
import type { LongTrackSource, MediaElement } from '../providers/files/long-track';

/** Behaviour of an element, in ms. */
export interface Habits {
  /** From `play` to sound. */
  startMs: number;
  seekMs: number;
  /** Drift of its clock relative to the page's. */
  ppm: number;
}

/** A fake `HTMLAudioElement`: it takes time to start and to seek, and reports only a rough position. */
export class FakeMedia {
  src = '';
  preload = '';
  preservesPitch = true;
  error: MediaError | null = null;
  paused = true;
  /** With time stretching. */
  rates: number[] = [];
  seeks = 0;
  closed = false;
  #rate = 1;
  #listeners = new Map<string, Set<() => void>>();
  /** The position when its movement last changed. */
  #place = { seconds: 0, atMs: 0 };
  #starting: ReturnType<typeof setTimeout> | undefined;
  #seeking = false;
  #sounds = false;

  constructor(
    private readonly nowMs: () => number,
    readonly duration: number,
    private readonly habits: Habits = { startMs: 40, seekMs: 60, ppm: 0 },
    private readonly broken = false,
  ) {}

  get currentTime(): number {
    if (!this.#sounds || this.#seeking) return this.#place.seconds;
    const passedS = (this.nowMs() - this.#place.atMs) / 1000;
    return Math.min(this.duration, this.#place.seconds + passedS * this.#rate * (1 + this.habits.ppm / 1e6));
  }

  set currentTime(seconds: number) {
    this.seeks += 1;
    this.#place = { seconds, atMs: this.nowMs() };
    this.#seeking = true;
    setTimeout(() => {
      this.#seeking = false;
      this.#place = { seconds, atMs: this.nowMs() };
      this.tell('seeked');
    }, this.habits.seekMs);
  }

  get playbackRate(): number {
    return this.#rate;
  }

  set playbackRate(rate: number) {
    this.#stay();
    this.#rate = rate;
    this.rates.push(rate);
  }

  /** It plays and is not seeking. */
  get sounds(): boolean {
    return this.#sounds && !this.#seeking;
  }

  load(): void {
    if (this.src === '') return;
    if (this.broken) this.error = { message: 'no such format' } as MediaError;
    setTimeout(() => this.tell(this.broken ? 'error' : 'canplay'));
  }

  play(): Promise<void> {
    this.paused = false;
    return new Promise((resolve) => {
      this.#starting = setTimeout(() => {
        this.#place.atMs = this.nowMs();
        this.#sounds = true;
        resolve();
      }, this.habits.startMs);
    });
  }

  pause(): void {
    clearTimeout(this.#starting);
    this.#stay();
    this.#sounds = false;
    this.paused = true;
  }

  tell(event: string): void {
    for (const listener of [...(this.#listeners.get(event) ?? [])]) listener();
  }

  addEventListener(event: string, listener: () => void): void {
    this.#listeners.set(event, (this.#listeners.get(event) ?? new Set()).add(listener));
  }

  removeEventListener(event: string, listener: () => void): void {
    this.#listeners.get(event)?.delete(listener);
  }

  removeAttribute(): void {
    this.src = '';
    this.closed = true;
  }

  #stay(): void {
    this.#place = { seconds: this.currentTime, atMs: this.nowMs() };
  }
}

/** A source of files, and their object URLs. */
export class FakeFiles implements LongTrackSource {
  fetched: string[] = [];
  elements: FakeMedia[] = [];
  addresses = new Set<string>();
  broken = false;
  failing = false;

  constructor(
    private readonly nowMs: () => number,
    private readonly seconds: number,
    private readonly habits?: Habits,
  ) {}

  fetch = async ({ id }: TrackRef): Promise<Blob> => {
    this.fetched.push(id);
    if (this.failing) throw new Error('network');
    return new Blob([id]);
  };

  createElement = (): MediaElement => {
    const element = new FakeMedia(this.nowMs, this.seconds, this.habits, this.broken);
    this.elements.push(element);
    return element as unknown as MediaElement;
  };

  addressOf = (): string => {
    const address = `blob:${this.addresses.size}-${this.fetched.length}`;
    this.addresses.add(address);
    return address;
  };

  forget = (address: string): void => {
    this.addresses.delete(address);
  };
}
