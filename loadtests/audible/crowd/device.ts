import { randomUUID } from 'node:crypto';
import type { Socket } from '../../../client/src/connection/connection.ts';
import { FilePlayer } from '../../../client/src/providers/files/file-player.ts';
import { QualityChoice } from '../../../client/src/providers/files/quality-choice.ts';
import { receiveSegment } from '../../../client/src/providers/files/segment-decoder.ts';
import { SEGMENT_SAMPLES } from '../../../client/src/providers/files/segments.ts';
import { ServerClock } from '../../../client/src/sync/clock.ts';
import { fakeDecoded, fakeFetched } from '../../../client/src/testing/fake-audio.ts';
import { SoundCard } from '../../../client/src/testing/sound-card.ts';
import type { Device as ProtocolDevice, ServerFrame } from '../../../protocol/typescript/protocol.ts';
import { nowMs } from '../apparatus/clock.ts';
import { type Member, openDirectly } from '../apparatus/member.ts';
import { type Delay, Way } from '../apparatus/path.ts';

/** A device's network, clock and sound card. */
export interface Make {
  there: Delay;
  back: Delay;
  clockPpm: number;
  clockAheadMs: number;
  cardPpm: number;
  latencyMs: number;
  seed: number;
}

const STATUS_EVERY_MS = 2_000;

/**
 * A device without a browser: the client's own connection, clock and player, wired as in the page, with its own clock and
 * network path and a simulated sound card whose true position is known. Segments are fetched from the server, and not decoded.
 */
export class Device {
  readonly #id = randomUUID();
  readonly #card: SoundCard;
  readonly #clock: ServerClock;
  readonly #player: FilePlayer;
  #telling: ReturnType<typeof setInterval> | undefined;

  constructor(
    private readonly member: Member,
    private readonly make: Make,
  ) {
    const local = clockOf(make, nowMs());
    const localMs = () => local(nowMs());
    this.#card = new SoundCard(nowMs, local, { ppm: make.cardPpm, latencyMs: make.latencyMs, seed: make.seed });
    this.#clock = new ServerClock(
      (t0) => member.send({ type: 'sync', t0 }),
      localMs,
      () => this.#update(),
    );
    this.#player = new FilePlayer({
      device: this.#id,
      createContext: () => this.#card as unknown as AudioContext,
      servesFiles: () => true,
      fetchSegment: async (segment, quality, signal) => {
        const { samples } = await receiveSegment(await member.segment(segment, quality, signal), localMs);
        return fakeFetched(segment, segment.number * SEGMENT_SAMPLES + samples);
      },
      decodeSegment: fakeDecoded,
      decodable: async () => ['lossless'],
      quality: new QualityChoice(() => undefined, localMs),
      clock: this.#clock,
      localNowMs: localMs,
      onState: () => this.#tell(),
      onReady: () => this.#tell(),
    });
  }

  async enter(code: string): Promise<void> {
    const self: Partial<ProtocolDevice> = { id: this.#id, kind: 'player', providers: ['library'] };
    const openSocket = (url: string, subprotocol: string) =>
      new SlowSocket(openDirectly(url, subprotocol), this.make.there, this.make.back);
    this.#player.turnOn();
    this.#telling = setInterval(() => this.#tell(), STATUS_EVERY_MS);
    await this.member.enter(code, self, (frame) => this.#take(frame), openSocket);
  }

  leave(): void {
    clearInterval(this.#telling);
    this.#clock.stop();
    this.#player.turnOff();
    this.member.leave();
  }

  get ready(): boolean {
    return this.#clock.ready;
  }

  /** The true audible position in its track; `null` when silent. */
  heardPositionMs(): number | null {
    return this.#card.heardPositionMs();
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'welcome') {
      this.#clock.hint(frame.server_time_ms);
      this.#clock.start();
      this.#tell();
    } else if (frame.type === 'sync') this.#clock.answered(frame);
    else if (frame.type === 'snapshot' || frame.type === 'delta') this.#update();
  }

  #update(): void {
    if (this.member.room !== null) this.#player.update(this.member.room);
  }

  #tell(): void {
    this.member.send({ type: 'status', playback: this.#player.status(), idle: false });
  }
}

/** The device's clock at a true time, which need not be now. */
export function clockOf({ clockAheadMs, clockPpm }: Pick<Make, 'clockAheadMs' | 'clockPpm'>, startMs: number) {
  return (trueMs: number): number => trueMs + clockAheadMs + ((trueMs - startMs) * clockPpm) / 1e6;
}

/** A socket with delayed frames, in order. */
class SlowSocket implements Socket {
  onopen: Socket['onopen'] = null;
  onmessage: Socket['onmessage'] = null;
  onclose: Socket['onclose'] = null;
  readonly #there: Way;
  readonly #back: Way;

  constructor(
    private readonly socket: Socket,
    there: Delay,
    back: Delay,
  ) {
    this.#there = new Way(there);
    this.#back = new Way(back);
    socket.onopen = (event) => this.#back.later(() => this.onopen?.(event));
    socket.onmessage = (event) => this.#back.later(() => this.onmessage?.(event));
    socket.onclose = (event) => this.#back.later(() => this.onclose?.(event));
  }

  get readyState(): number {
    return this.socket.readyState;
  }

  send(text: string): void {
    this.#there.later(() => this.socket.send(text));
  }

  close(code?: number): void {
    this.#there.stop();
    this.#back.stop();
    this.socket.close(code);
  }
}
