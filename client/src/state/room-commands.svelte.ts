import type { ClientFrame, Command, Entry, EntryId, UserId } from '$protocol';
import { tab } from '../browser/storage';
import { timeOfDayMs } from '../browser/wall-clock';
import { type Accepted, CommandQueue } from '../connection/command-queue';
import { Refusal } from '../connection/refusal';
import { StoredCommands } from '../connection/stored-commands';
import { text } from '../text/room';
import { uuid } from '../util/uuid';
import { app } from './app.svelte';
import { Undo } from './undo.svelte';

/** The user's commands to one room: queued, stored through a reload, with an undo offered and refusals shown. */
export class RoomCommands {
  /** How many commands have no reply yet. */
  waiting = $state(0);
  /** Those of them that change queues and settings, in order. */
  unanswered = $state.raw<readonly Command[]>([]);
  readonly undo: Undo;
  readonly #queue: CommandQueue;
  readonly #stored: StoredCommands;

  constructor(
    code: string,
    send: (frame: ClientFrame) => boolean,
    me: () => UserId | null,
    nameOf: (id: UserId) => string,
    mine: () => readonly Entry[],
    mineOn: () => Entry | null,
  ) {
    this.undo = new Undo((command) => this.submit(command), nameOf, mine, mineOn);
    this.#stored = new StoredCommands(tab, code);
    this.#queue = new CommandQueue(send, uuid, timeOfDayMs, (count, unanswered) => {
      this.waiting = count;
      this.unanswered = unanswered.map(({ command }) => command);
      const user = me();
      if (user !== null) this.#stored.save(user, unanswered);
    });
  }

  /** Resolves when the server has accepted the command; a refusal is shown and resolves to `null`. */
  async submit(command: Command): Promise<Accepted | null> {
    const target = this.undo.targetName(command);
    const offered = this.undo.offerReturn(command);
    try {
      const accepted = await this.#queue.submit(command);
      this.undo.offer(command, target);
      return accepted;
    } catch (error) {
      if (offered !== null) app.dismiss(offered);
      showRefusal(error);
      return null;
    }
  }

  /** The device found that no device can play an entry. Others report it too, so a refusal tells the user nothing. */
  reportUnplayable(entry: EntryId): void {
    this.#queue.submit({ name: 'skip', entry, unplayable: true }).catch(() => {});
  }

  /** Takes over what an earlier page of this tab could not deliver for `user`; the next `resend` sends it. */
  restore(user: UserId): void {
    for (const accepted of this.#queue.restore(this.#stored.of(user))) accepted.catch(showRefusal);
  }

  resend(): void {
    this.#queue.resend();
  }

  settle(reply: Parameters<CommandQueue['settle']>[0]): void {
    this.#queue.settle(reply);
  }

  /** There will be no further connection. */
  abandon(): void {
    this.#queue.abandon();
  }

  /** Another user of this device takes over: commands are never sent in another user's name. */
  userChanged(): void {
    if (this.waiting > 0) app.showToast(text.room.dropped, 'bad');
    this.abandon();
  }
}

function showRefusal(error: unknown): void {
  const leftOnPurpose = error instanceof Refusal && error.code === 'closed';
  if (!leftOnPurpose) app.showError(error);
}
