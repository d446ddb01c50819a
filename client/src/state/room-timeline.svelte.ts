import type { Entry, EntryId, Room } from '$protocol';
import { endAt, outgoingEntry, sameTimeline, shownPositionAt, type TimedEntry } from '../sync/timeline';

/** Which track is heard now, where it is, and when the next ones start, by the server's clock. */
export class RoomTimeline {
  /** The server's time, updated a few times a second: everything that shows a time reads it. */
  serverNowMs = $state(0);
  #room = $state.raw<Room | null>(null);
  #outgoing = $state.raw<TimedEntry | null>(null);

  /** The track that is heard: one that is ending stays current until the next one really starts. */
  current = $derived.by((): TimedEntry | null => {
    const ending = this.#outgoing;
    if (ending !== null && this.serverNowMs < endAt(ending.playback, ending.entry.track.duration_ms)) return ending;
    return this.#room === null ? null : timedEntryOf(this.#room);
  });
  positionMs = $derived(
    this.current === null
      ? 0
      : shownPositionAt(this.current.playback, this.current.entry.track.duration_ms, this.serverNowMs),
  );

  /** How much music plays between the current track and each upcoming entry. */
  #aheadMs = $derived.by(() => {
    const ahead = new Map<EntryId, number>();
    let sumMs = 0;
    for (const entry of this.#room?.upcoming ?? []) {
      ahead.set(entry.id, sumMs);
      sumMs += entry.track.duration_ms;
    }
    return ahead;
  });

  update(room: Room, serverNowMs: number): void {
    const before = this.#room;
    if (before !== null && before.now_playing !== null && !sameTimeline(before.playback, room.playback)) {
      this.#outgoing = outgoingEntry(timedEntryOf(before), room.playback, serverNowMs);
    }
    this.#room = room;
  }

  /** When an upcoming entry starts if nothing changes. */
  startsInMs(entry: Entry): number {
    const leftMs = this.current === null ? 0 : this.current.entry.track.duration_ms - this.positionMs;
    return leftMs + (this.#aheadMs.get(entry.id) ?? 0);
  }
}

function timedEntryOf({ now_playing, playback }: Room): TimedEntry | null {
  return now_playing === null ? null : { entry: now_playing, playback };
}
