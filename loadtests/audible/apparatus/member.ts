import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { type Accepted, CommandQueue } from '../../../client/src/connection/command-queue.ts';
import { Connection, type Socket } from '../../../client/src/connection/connection.ts';
import { applyDelta } from '../../../client/src/room/room.ts';
import type { Command, Device, Room, ServerFrame, Track } from '../../../protocol/typescript/protocol.ts';
import { nowMs } from './clock.ts';

const PATIENCE_MS = 30_000;

/** Somebody in a room without a browser: the client's own connection, outbox and idea of the room. */
export class Member {
  room: Room | null = null;
  #connection: Connection | null = null;
  #commands: CommandQueue | null = null;
  #changed = new Set<() => void>();
  #onFrame: (frame: ServerFrame) => void = () => {};

  private constructor(
    readonly url: string,
    readonly token: string,
    readonly id: string,
  ) {}

  static async of(url: string, name: string): Promise<Member> {
    const answer = await fetch(`${url}/api/v1/auth/guest`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ display_name: name }),
    });
    if (!answer.ok) throw new Error(`${name} was not let in: ${answer.status} ${await answer.text()}`);
    const { access_token, user } = await answer.json();
    return new Member(url, access_token, user.id);
  }

  /** The new room's code. */
  async createRoom(name: string): Promise<string> {
    const { code } = await this.#ask('rooms', { method: 'POST', body: JSON.stringify({ name }) });
    return code as string;
  }

  /** The track of the library with this title, once the library knows it. */
  async track(title: string): Promise<Track> {
    const found = await this.#ask(`search?provider=library&q=${encodeURIComponent(title)}`);
    const track = (found.tracks as Track[]).find((candidate) => candidate.title === title);
    if (track === undefined) throw new Error(`the library does not have ${title}`);
    return track;
  }

  async audio(trackId: string, signal?: AbortSignal): Promise<ArrayBuffer> {
    const answer = await fetch(`${this.url}/api/v1/library/tracks/${encodeURIComponent(trackId)}/audio`, {
      headers: this.#headers,
      ...(signal === undefined ? {} : { signal }),
    });
    if (!answer.ok) throw new Error(`no audio: ${answer.status}`);
    return answer.arrayBuffer();
  }

  /** Enters, and is in when this resolves. `openSocket` may put a path in between. */
  async enter(
    code: string,
    device: Partial<Device> = {},
    onFrame: (frame: ServerFrame) => void = () => {},
    openSocket: (url: string, subprotocol: string) => Socket = openDirectly,
  ): Promise<Room> {
    const token = { value: this.token, expiresAtMs: nowMs() + 3_600_000, user: this.id };
    const self: Device = { id: randomUUID(), name: 'a program', kind: 'remote', providers: [], ...device };
    this.#onFrame = onFrame;
    this.#connection = new Connection({
      openSocket: (subprotocol) => openSocket(`${this.url.replace('http', 'ws')}/ws`, subprotocol),
      hello: () => ({ room: code, passcode: null, device: self }),
      token: async () => token,
      refreshToken: async () => token,
      nowMs,
      random: Math.random,
      onFrame: (frame) => this.#take(frame),
      onState: () => this.#look(),
      onOtherUser: () => {},
    });
    this.#commands = new CommandQueue((frame) => this.#connection!.send(frame), randomUUID, Date.now);
    this.#connection.start();
    await this.until('a snapshot', () => this.room !== null);
    return this.room!;
  }

  send: Connection['send'] = (frame) => this.#connection?.send(frame) ?? false;

  /** Resolves when the server has accepted it. */
  does(command: Command): Promise<Accepted> {
    if (this.#commands === null) throw new Error('not in a room');
    return this.#commands.submit(command);
  }

  async enqueue(...titles: string[]): Promise<void> {
    for (const title of titles) {
      const { provider, id } = await this.track(title);
      await this.does({ name: 'enqueue', track: { provider, id } });
    }
  }

  leave(): void {
    this.#commands?.abandon();
    this.#connection?.stop();
  }

  until(what: string, is: () => boolean): Promise<void> {
    return new Promise((resolve, reject) => {
      const look = () => {
        if (!is()) return;
        done();
        resolve();
      };
      const late = setTimeout(() => {
        done();
        reject(new Error(`waited for ${what} in vain`));
      }, PATIENCE_MS);
      const done = () => {
        clearTimeout(late);
        this.#changed.delete(look);
      };
      this.#changed.add(look);
      look();
    });
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'snapshot') this.room = frame.room;
    else if (frame.type === 'reply') this.#commands?.settle(frame);
    else if (frame.type === 'welcome') this.#commands?.resend();
    else if (frame.type === 'delta' && this.room !== null) {
      const next = applyDelta(this.room, frame);
      if (next === null) this.#connection?.resync();
      else this.room = next;
    }
    this.#onFrame(frame);
    this.#look();
  }

  #look(): void {
    for (const look of this.#changed) look();
  }

  get #headers(): Record<string, string> {
    return { authorization: `Bearer ${this.token}`, 'content-type': 'application/json' };
  }

  async #ask(path: string, init: RequestInit = {}): Promise<Record<string, unknown>> {
    const answer = await fetch(`${this.url}/api/v1/${path}`, { ...init, headers: this.#headers });
    if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
    return answer.json();
  }
}

/** As a browser's, but for the types of its events. */
export function openDirectly(url: string, subprotocol: string): Socket {
  const socket = new WebSocket(url, subprotocol);
  // What a browser only logs, this one throws where nobody listens; `close` follows either way.
  socket.on('error', () => {});
  return socket as unknown as Socket;
}
