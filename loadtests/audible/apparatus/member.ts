import { randomUUID } from 'node:crypto';
import WebSocket from 'ws';
import { type Accepted, CommandQueue } from '../../../client/src/connection/command-queue.ts';
import { Connection, type Socket } from '../../../client/src/connection/connection.ts';
import type { AudioQuality, SegmentRef } from '../../../client/src/providers/files/segments.ts';
import { applyDelta } from '../../../client/src/room/room.ts';
import type { Command, Device, Room, ServerFrame, Track } from '../../../protocol/typescript/protocol.ts';
import { nowMs } from './clock.ts';

const PATIENCE_MS = 30_000;

/** A member without a browser: the client's own connection, command queue and room state. */
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

  /** Creates a room and returns its code. */
  async createRoom(name: string): Promise<string> {
    const { code } = await this.#ask('rooms', { method: 'POST', body: JSON.stringify({ name }) });
    return code as string;
  }

  /** Waits until the library has a track with this title. */
  async track(title: string): Promise<Track> {
    const found = await this.#ask(`search?provider=library&q=${encodeURIComponent(title)}`);
    const track = (found.tracks as Track[]).find((candidate) => candidate.title === title);
    if (track === undefined) throw new Error(`the library does not have ${title}`);
    return track;
  }

  async segment({ track, number }: SegmentRef, quality: AudioQuality, signal: AbortSignal): Promise<Response> {
    const path = `${track.provider}/tracks/${encodeURIComponent(track.id)}/segments/${quality}/${number}`;
    const answer = await fetch(`${this.url}/api/v1/${path}`, { headers: this.#headers, signal });
    if (!answer.ok) throw new Error(`no segment: ${answer.status}`);
    return answer;
  }

  /** Joins a room. `openSocket` may insert a network path. */
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
      hindrance: async () => ({}),
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

/** Like a browser's WebSocket, except for the event types. */
export function openDirectly(url: string, subprotocol: string): Socket {
  const socket = new WebSocket(url, subprotocol);
  // Without a listener this one throws what a browser only logs; `close` follows either way.
  socket.on('error', () => {});
  return socket as unknown as Socket;
}
