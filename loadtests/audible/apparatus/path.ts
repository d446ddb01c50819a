import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { nowMs } from './clock.ts';

/** One-way delay of a chunk, in ms. */
export type Delay = () => number;

export const always =
  (ms: number): Delay =>
  () =>
    ms;

/** Uniform between `low` and `high`, from the given random source. */
export const between =
  (low: number, high: number, random: () => number = Math.random): Delay =>
  () =>
    low + (high - low) * random();

/**
 * A network path with latency: a TCP proxy that delays each chunk. Order is kept, as on a real path, so a delayed chunk
 * delays those behind it.
 */
export class Path {
  url = '';
  #sockets = new Set<Socket>();
  #ways = new Set<Way>();
  #listener = createServer({ noDelay: true, allowHalfOpen: true }, (near) => this.#accept(near));

  constructor(
    private readonly port: number,
    private readonly there: Delay,
    private readonly back: Delay,
  ) {}

  async open(): Promise<void> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  close(): void {
    for (const way of this.#ways) way.stop();
    for (const socket of this.#sockets) socket.destroy();
    this.#listener.close();
  }

  #accept(near: Socket): void {
    const far = connect({ port: this.port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
    this.#carry(near, far, this.there);
    this.#carry(far, near, this.back);
  }

  #carry(from: Socket, to: Socket, delay: Delay): void {
    const way = new Way(delay);
    this.#ways.add(way);
    this.#sockets.add(from);
    from.on('data', (piece) => way.later(() => to.write(piece)));
    from.on('error', () => way.later(() => to.destroy()));
    from.on('end', () => way.later(() => to.end()));
    from.on('close', () => {
      this.#sockets.delete(from);
      way.later(() => this.#ways.delete(way));
    });
  }
}

/** The chunks in flight in one direction, in order. Timers alone do not keep it: two that are due together fire in any order. */
export class Way {
  #queue: { dueMs: number; act: () => void }[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly delay: Delay) {}

  later(act: () => void): void {
    this.#queue.push({ dueMs: nowMs() + this.delay(), act });
    if (this.#queue.length === 1) this.#wait();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue = [];
  }

  #wait(): void {
    const [first] = this.#queue;
    if (first === undefined) return;
    this.#timer = setTimeout(() => {
      while (this.#queue.length > 0 && this.#queue[0]!.dueMs <= nowMs()) this.#queue.shift()!.act();
      this.#wait();
    }, first.dueMs - nowMs());
  }
}
