import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';

/**
 * A TCP proxy between a browser and the server that can drop or stall connections, or let no WebSocket through. The
 * browser's own offline mode does not affect open WebSockets.
 */
export class FlakyProxy {
  url = '';
  #mode: 'open' | 'refusing' | 'stalled' | 'without-upgrades' = 'open';
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

  /** From now on it does not pass on the headers of an upgrade, as nginx without `proxy_set_header Upgrade`. */
  dropUpgrades(): void {
    this.#mode = 'without-upgrades';
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
      socket.on('data', (chunk) => other.write(this.#mode === 'without-upgrades' ? withoutUpgrade(chunk) : chunk));
      socket.on('error', () => other.destroy());
      socket.on('close', () => {
        this.#sockets.delete(socket);
        other.destroy();
      });
    }
    if (this.#mode === 'stalled') near.pause();
  }
}

function withoutUpgrade(chunk: Buffer): Buffer {
  const text = chunk.toString('latin1');
  return Buffer.from(
    text.replace(/^Upgrade: .*\r\n/im, '').replace(/^Connection: Upgrade/im, 'Connection: close'),
    'latin1',
  );
}
