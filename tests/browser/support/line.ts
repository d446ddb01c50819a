import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * The network between a person and the server. The browser's own "offline" leaves open WebSockets alone, so the line
 * is broken here, below everything that could know about it.
 */
export class Line {
  url = '';
  #mode: 'open' | 'refusing' | 'stalled' = 'open';
  #sockets = new Set<Socket>();
  #listener = createServer({ allowHalfOpen: false }, (near) => this.#accept(near));

  constructor(private readonly port: () => number) {}

  async start(): Promise<void> {
    this.#listener.listen(0, '127.0.0.1');
    await once(this.#listener, 'listening');
    const address = this.#listener.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    this.url = `http://127.0.0.1:${address.port}`;
  }

  /** Every connection breaks off, and no new one comes about. */
  cut(): void {
    this.#mode = 'refusing';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Nothing goes through any more, and nobody is told. */
  stall(): void {
    this.#mode = 'stalled';
    for (const socket of this.#sockets) socket.pause();
  }

  mend(): void {
    this.#mode = 'open';
    for (const socket of this.#sockets) socket.resume();
  }

  stop(): void {
    this.cut();
    this.#listener.close();
  }

  #accept(near: Socket): void {
    if (this.#mode === 'refusing') {
      near.destroy();
      return;
    }
    const far = connect(this.port(), '127.0.0.1');
    for (const [socket, other] of [
      [near, far],
      [far, near],
    ] as const) {
      this.#sockets.add(socket);
      socket.on('data', (chunk) => other.write(chunk));
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    if (this.#mode === 'stalled') near.pause();
  }
}
