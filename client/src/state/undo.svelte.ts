import type { Command, Entry, EntryId, Event, Note, Room, UserId } from '$protocol';
import type { Accepted } from '../connection/command-queue';
import { namesAfter } from '../host/names';
import { noteOf, undoableAfter } from '../host/undo';
import { text } from '../text/common';
import { undoableText } from '../text/room';
import { app } from './app.svelte';

/** Offers to undo what was done from this device, for a moment; later the log does. */
export class Undo {
  /** Counts changes of the log. */
  logChanges = $state(0);
  /** Names of members who left while this page was open. */
  formerNames = $state.raw<ReadonlyMap<UserId, string>>(new Map());
  /** What this user did and can still undo, latest last. */
  notes = $state.raw<readonly Note[]>([]);
  #offered = new Map<number, number>();
  /** Removed entries of the user's own that were added again, with their new ids. */
  #returned = new Map<EntryId, EntryId>();

  constructor(
    private readonly submit: (command: Command) => Promise<Accepted | null>,
    private readonly nameOf: (id: UserId) => string,
    private readonly mine: () => readonly Entry[],
    /** The user's own track, while it is on. */
    private readonly mineOn: () => Entry | null,
  ) {}

  /** Events of the room; they arrive before the reply to the command that caused them. */
  applyEvents(events: readonly Event[], me: UserId | null, before: Room): void {
    this.formerNames = namesAfter(this.formerNames, before, events);
    this.notes = undoableAfter(this.notes, events, me);
    for (const event of events) {
      if (event.name === 'noted' || event.name === 'undone') this.logChanges += 1;
      const toast = event.name === 'undone' ? this.#offered.get(event.note) : undefined;
      if (toast !== undefined) app.dismiss(toast);
    }
  }

  /** A command was accepted. `target` is the member's name before: a removed member has none afterwards. */
  offer(command: Command, target: string): void {
    const note = noteOf(this.notes, command);
    if (note === null || this.#offered.has(note.id)) {
      if (command.name === 'clear') app.showToast(text.undo.nothing);
      return;
    }
    const words = undoableText(note, target);
    this.#offered.set(
      note.id,
      app.showUndoToast(words, () => void this.#undo(note.id)),
    );
  }

  /**
   * The server notes no removals and skips of one's own, so the track is added again: at its place, or at the front of the
   * user's queue. Offered at once: the page shows the removal before the reply. Returns the toast.
   */
  offerReturn(command: Command): number | null {
    if (command.name === 'skip') return this.#offerSkipped(command);
    const from = command.name === 'dequeue' ? this.mine().findIndex(({ id }) => id === command.entry) : -1;
    const [entry, ...followers] = this.mine().slice(Math.max(from, 0));
    if (from === -1 || entry === undefined) return null;
    const restore = () => void this.#return(entry, followers);
    return app.showUndoToast(text.undo.removed(entry.track.title), restore);
  }

  #offerSkipped({ entry, unplayable }: Extract<Command, { name: 'skip' }>): number | null {
    const on = this.mineOn();
    if (on === null || unplayable === true || (entry ?? on.id) !== on.id) return null;
    return app.showUndoToast(text.undo.skipped(on.track.title), () => void this.#return(on, this.mine()));
  }

  async #return({ id, track }: Entry, followers: readonly Entry[]): Promise<void> {
    const waiting = new Set(this.mine().map((entry) => entry.id));
    const places = followers.map((follower) => this.#returned.get(follower.id) ?? follower.id);
    const before = places.find((place) => waiting.has(place)) ?? null;
    const accepted = await this.submit({ name: 'enqueue', track: { provider: track.provider, id: track.id }, before });
    if (accepted?.entry != null) this.#returned.set(id, accepted.entry);
  }

  /** The name of a command's target. */
  targetName(command: Command): string {
    return 'member' in command && typeof command.member === 'string' ? this.nameOf(command.member) : '';
  }

  async #undo(note: number): Promise<void> {
    if ((await this.submit({ name: 'undo', note })) !== null) app.showToast(text.undo.done);
  }
}
