import { endAt, outgoingEntry, positionAt, type TimedEntry } from '../../../client/src/sync/timeline.ts';
import type { Room, ServerFrame } from '../../../protocol/typescript/protocol.ts';
import { nowMs } from '../apparatus/clock.ts';
import type { Member } from '../apparatus/member.ts';

const PROBE_EVERY_MS = 200;

/**
 * Knows the room's expected playback at every moment. It runs on the server's machine, so its estimate of the server's
 * clock is that of the fastest response it got: both clocks are the same and do not drift.
 */
export class Auditor {
  #offsetMs = 0;
  #shortestMs = Number.POSITIVE_INFINITY;
  #probing: ReturnType<typeof setInterval> | undefined;
  #room: Room | null = null;
  #ending: TimedEntry | null = null;

  constructor(private readonly member: Member) {}

  async enter(code: string): Promise<void> {
    await this.member.enter(code, {}, (frame) => this.#take(frame));
    this.#probing = setInterval(() => this.member.send({ type: 'sync', t0: nowMs() }), PROBE_EVERY_MS);
    await this.member.until('the time', () => this.#shortestMs < Number.POSITIVE_INFINITY);
  }

  leave(): void {
    clearInterval(this.#probing);
    this.member.leave();
  }

  /** Maximum error of its estimate of the server's clock. */
  get uncertaintyMs(): number {
    return this.#shortestMs / 2;
  }

  /** The room's position in its track; `null` when the room should be silent. */
  positionMs(): number | null {
    const serverMs = nowMs() + this.#offsetMs;
    const room = this.#room;
    if (room === null) return null;
    const ending = this.#ending;
    if (ending !== null && serverMs < endAt(ending.playback, ending.entry.track.duration_ms)) {
      return positionAt(ending.playback, serverMs);
    }
    const { playback, now_playing } = room;
    if (playback.state !== 'playing' || serverMs < playback.anchor_at_ms || now_playing === null) return null;
    const position = positionAt(playback, serverMs);
    return position < now_playing.track.duration_ms ? position : null;
  }

  #take(frame: ServerFrame): void {
    if (frame.type === 'sync') this.#probed(frame);
    const room = this.member.room;
    if (room === this.#room) return;
    const before = this.#room;
    if (before?.now_playing && room !== null && before.playback !== room.playback) {
      const part = { entry: before.now_playing, playback: before.playback };
      this.#ending = outgoingEntry(part, room.playback, nowMs() + this.#offsetMs);
    }
    this.#room = room;
  }

  #probed({ t0, t1, t2 }: { t0: number; t1: number; t2: number }): void {
    const t3 = nowMs();
    const wayMs = t3 - t0 - (t2 - t1);
    if (wayMs >= this.#shortestMs) return;
    this.#shortestMs = wayMs;
    this.#offsetMs = (t1 - t0 + (t2 - t3)) / 2;
  }
}
