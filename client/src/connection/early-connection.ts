import type { Hello, ServerFrame } from '$protocol';
import type { Connection, ConnectionState } from './connection';

/** What a room's page does with its connection. */
export interface Receiver {
  hello: () => Omit<Hello, 'token' | 'resume'>;
  /** A frame, and when it arrived. */
  onFrame: (frame: ServerFrame, atMs: number) => void;
  onState: (state: ConnectionState) => void;
  onOtherUser: () => void;
}

/** A connection that is opened while the page that shows the room is still loading: what the server says waits for the page. */
export class EarlyConnection {
  readonly connection: Connection;
  #page: Receiver | null = null;
  #waiting: [frame: ServerFrame, atMs: number][] = [];

  constructor(
    connect: (receiver: Receiver) => Connection,
    hello: Receiver['hello'],
    /** Sees the frames that wait. */
    private readonly ahead: (frame: ServerFrame) => void,
  ) {
    this.connection = connect({
      hello: () => this.#page?.hello() ?? hello(),
      onFrame: (frame, atMs) => this.#receive(frame, atMs),
      onState: (state) => this.#page?.onState(state),
      onOtherUser: () => this.#page?.onOtherUser(),
    });
    this.connection.start();
  }

  /** The page is there: it gets what happened so far, in order, and what follows. */
  give(page: Receiver): void {
    this.#page = page;
    page.onState(this.connection.state);
    for (const [frame, atMs] of this.#waiting) page.onFrame(frame, atMs);
    this.#waiting = [];
  }

  #receive(frame: ServerFrame, atMs: number): void {
    if (this.#page !== null) {
      this.#page.onFrame(frame, atMs);
      return;
    }
    this.#waiting.push([frame, atMs]);
    this.ahead(frame);
  }
}
