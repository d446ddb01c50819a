import { randomUUID } from 'node:crypto';
import { expect } from '@playwright/test';
import WebSocket from 'ws';
import type { ClientFrame, Command, Event, Room, ServerFrame } from '../../../protocol/typescript/protocol.ts';

type Reply = Extract<ServerFrame, { type: 'reply' }>;
type EventNamed<Name extends Event['name']> = Extract<Event, { name: Name }>;

const PATIENCE_MS = 15_000;

/** Somebody whose client is not a browser: frames as they are on the wire. */
export class WireGuest {
  #socket: WebSocket | null = null;
  #frames: ServerFrame[] = [];
  #closed: number | null = null;
  /** Look again whenever something came. */
  #looks = new Set<() => void>();

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

  /** Knocks at a room; what comes of it is read later. */
  knock(code: string): void {
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
      this.#look();
    });
    socket.on('close', (closeCode) => {
      if (this.#socket === socket) this.#closed = closeCode;
      this.#look();
    });
    socket.on('error', () => {});
  }

  async enter(code: string): Promise<Room> {
    this.knock(code);
    return this.#until('a snapshot', () => this.#frames.find((frame) => frame.type === 'snapshot')?.room);
  }

  /** Goes, as a program that ends. */
  leave(): void {
    this.#socket?.close();
  }

  async closeCode(): Promise<number> {
    return this.#until('an end of the connection', () => this.#closed ?? undefined);
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

  /** An event that came since the connection began. */
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

  /** The titles that come up, as last told. */
  get upcoming(): string[] {
    const orders = this.#frames.map((frame) => {
      if (frame.type === 'snapshot') return frame.room.upcoming;
      return frame.type === 'delta' ? (frame.upcoming ?? null) : null;
    });
    return orders.findLast((order) => order !== null)?.map(({ track }) => track.title) ?? [];
  }

  async comingUp(...titles: string[]): Promise<void> {
    await expect.poll(() => this.upcoming, { message: `what ${this.name} is told comes up` }).toEqual(titles);
  }

  #send(frame: ClientFrame): void {
    this.#socket?.send(JSON.stringify(frame));
  }

  #look(): void {
    for (const look of this.#looks) look();
  }

  #until<T>(what: string, found: () => T | undefined): Promise<T> {
    return new Promise((resolve, reject) => {
      const look = () => {
        const value = found();
        if (value === undefined) return;
        done();
        resolve(value);
      };
      const late = setTimeout(() => {
        done();
        reject(new Error(`${this.name} waited for ${what} in vain`));
      }, PATIENCE_MS);
      const done = () => {
        clearTimeout(late);
        this.#looks.delete(look);
      };
      this.#looks.add(look);
      look();
    });
  }
}
