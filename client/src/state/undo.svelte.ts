import type { Command, Event, Note, Room, UserId } from '$protocol';
import type { Accepted } from '../connection/command-queue';
import { namesAfter } from '../host/names';
import { noteOf, undoableAfter } from '../host/undo';
import { text, undoableText } from '../text/common';
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

  constructor(
    private readonly submit: (command: Command) => Promise<Accepted | null>,
    private readonly nameOf: (id: UserId) => string,
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

  /** The name of a command's target. */
  targetName(command: Command): string {
    return 'member' in command && typeof command.member === 'string' ? this.nameOf(command.member) : '';
  }

  async #undo(note: number): Promise<void> {
    if ((await this.submit({ name: 'undo', note })) !== null) app.showToast(text.undo.done);
  }
}
