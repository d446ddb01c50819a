import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy between a browser and the server that can drop or stall connections. The browser's own offline mode does not
 * affect open WebSockets.
 */
export class FlakyProxy {
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

  /** Closes all connections and rejects new ones. */
  cut(): void {
    this.#mode = 'refusing';
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Forwards nothing, without closing connections. */
  stall(): void {
    this.#mode = 'stalled';
    for (const socket of this.#sockets) socket.pause();
  }

  restore(): void {
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
