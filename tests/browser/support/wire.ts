import { randomUUID } from 'node:crypto';
import { expect } from '@playwright/test';
import WebSocket from 'ws';
import type {
  ClientFrame,
  Command,
  Entry,
  Event,
  Room,
  ServerFrame,
  Track,
  TrackRef,
} from '../../../protocol/typescript/protocol.ts';

type Reply = Extract<ServerFrame, { type: 'reply' }>;
type EventNamed<Name extends Event['name']> = Extract<Event, { name: Name }>;

const WAIT_MS_MAX = 15_000;

/** A client without a browser: sends and receives protocol frames. */
export class WireGuest {
  #socket: WebSocket | null = null;
  #frames: ServerFrame[] = [];
  #closed: number | null = null;
  /** Pending waits, re-evaluated on every frame. */
  #waits = new Set<() => void>();

  private constructor(
    private readonly url: string,
    readonly token: string,
    readonly id: string,
    readonly name: string,
  ) {}

  static async of(url: string, name: string): Promise<WireGuest> {
    const answer = await fetch(`${url}/api/v1/auth/guest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ display_name: name }),
    });
    const { access_token, user } = await answer.json();
    return new WireGuest(url, access_token, user.id, name);
  }

  /** Opens a room; its code. */
  async openRoom(): Promise<string> {
    const answer = await fetch(`${this.url}/api/v1/rooms`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${this.token}` },
      body: JSON.stringify({ name: 'Kitchen' }),
    });
    return (await answer.json()).code;
  }

  /** Connects to a room and sends `hello`, without waiting for the result. */
  connect(code: string): void {
    this.#frames = [];
    this.#closed = null;
    const socket = new WebSocket(`${this.url.replace('http', 'ws')}/ws`, 'tutti.v1');
    this.#socket = socket;
    socket.on('open', () =>
      this.#send({
        type: 'hello',
        token: this.token,
        room: code,
        device: { id: randomUUID(), name: 'a program', kind: 'remote', providers: [] },
      }),
    );
    socket.on('message', (text) => {
      this.#frames.push(JSON.parse(String(text)));
      this.#notify();
    });
    socket.on('close', (closeCode) => {
      if (this.#socket === socket) this.#closed = closeCode;
      this.#notify();
    });
    socket.on('error', () => {});
  }

  async enter(code: string): Promise<Room> {
    this.connect(code);
    return this.#until('a snapshot', () => this.#frames.find((frame) => frame.type === 'snapshot')?.room);
  }

  /** Closes the socket. */
  disconnect(): void {
    this.#socket?.close();
  }

  async closeCode(): Promise<number> {
    return this.#until('the connection to close', () => this.#closed ?? undefined);
  }

  async ask(command: Command): Promise<Reply> {
    const id = randomUUID();
    this.#send({ type: 'command', id, command });
    return this.#until(`a reply to ${command.name}`, () =>
      this.#frames.find((frame): frame is Reply => frame.type === 'reply' && frame.id === id),
    );
  }

  async does(command: Command): Promise<Reply> {
    const reply = await this.ask(command);
    expect(reply.error ?? null, `${this.name}: ${command.name}`).toBeNull();
    return reply;
  }

  /** Waits for an event received on this connection. */
  async hears<Name extends Event['name']>(
    name: Name,
    is: (event: EventNamed<Name>) => boolean = () => true,
  ): Promise<EventNamed<Name>> {
    return this.#until(`${name}`, () =>
      this.#frames
        .flatMap((frame) => (frame.type === 'delta' ? frame.events : []))
        .find((event): event is EventNamed<Name> => event.name === name && is(event as EventNamed<Name>)),
    );
  }

  /** The track of the library with this title. */
  async find(title: string): Promise<TrackRef> {
    const answer = await fetch(`${this.url}/api/v1/search?provider=library&q=${encodeURIComponent(title)}`, {
      headers: { authorization: `Bearer ${this.token}` },
    });
    const { tracks } = (await answer.json()) as { tracks: Track[] };
    return { provider: 'library', id: tracks.find((track) => track.title === title)!.id };
  }

  /** The titles of the queue, as last received. */
  get upcoming(): string[] {
    return this.#order.map(({ track }) => track.title);
  }

  /** The titles that wait for one member, as last received. */
  upcomingOf(member: string): string[] {
    return this.#order.filter((entry) => entry.member === member).map(({ track }) => track.title);
  }

  get #order(): Entry[] {
    const orders = this.#frames.map((frame) => {
      if (frame.type === 'snapshot') return frame.room.upcoming;
      return frame.type === 'delta' ? (frame.upcoming ?? null) : null;
    });
    return orders.findLast((order) => order !== null) ?? [];
  }

  async comingUp(...titles: string[]): Promise<void> {
    await expect.poll(() => this.upcoming, { message: `the queue received by ${this.name}` }).toEqual(titles);
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #notify(): void {
    for (const check of this.#waits) check();
  }

  #until<T>(what: string, found: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const check = () => {
        const value = found();
        if (value === undefined) return;
        done();
        resolve(value);
      };
      const late = setTimeout(() => {
        done();
        reject(new Error(`${this.name} timed out waiting for ${what}`));
      }, WAIT_MS_MAX);
      const done = () => {
        clearTimeout(late);
        this.#waits.delete(check);
      };
      this.#waits.add(check);
      check();
    });
  }
}
