import type { Answer, ClientFrame, Command, CommandId, EntryId, ServerFrame } from '$protocol';
import { Refusal } from './refusal';

export interface Accepted {
  /** The entry that the command created, if any. */
  entry: EntryId | null;
  /** The data that the command requested, if any. */
  answer: Answer | null;
}

type Reply = Extract<ServerFrame, { type: 'reply' }>;

/** A command as it is stored across a reload of the page. */
export interface StoredCommand {
  id: CommandId;
  command: Command;
  /** When it was first sent, as time of day, which goes on through a sleep; `null`: not sent yet. */
  sentAtMs: number | null;
}

interface Pending extends StoredCommand {
  resolve: (accepted: Accepted) => void;
  reject: (refusal: Refusal) => void;
  expiry: ReturnType<typeof setTimeout> | undefined;
}

const PENDING_MAX = 50;

/**
 * A `skip` or `seek` that arrives a minute late hits a moment the user did not mean. Queue changes stay meaningful and
 * are kept as long as necessary.
 */
const SHORT_LIVED: ReadonlySet<Command['name']> = new Set([
  'play',
  'pause',
  'seek',
  'skip',
  'vote_skip',
  'claim_host',
  'undo',
  'say',
  'react',
]);
const SHORT_LIVED_MS = 10_000;
/**
 * A restarted server remembers command ids for fifteen minutes. An older command without a reply may have been
 * executed: resending it could execute it twice.
 */
const REMEMBERED_MS = 10 * 60_000;

/**
 * Commands in flight. Each is kept until its reply, across connections, and is resent under the same id, which the
 * server executes once. Commands that stay meaningful survive a reload as well.
 */
export class CommandQueue {
  #pending = new Map<CommandId, Pending>();

  constructor(
    private readonly send: (frame: ClientFrame) => boolean,
    private readonly newId: () => CommandId,
    private readonly timeOfDayMs: () => number,
    /** Called on every change, with the number of unanswered commands and those that a reload should keep. */
    private readonly onWaiting: (count: number, kept: StoredCommand[]) => void = () => {},
  ) {}

  submit(command: Command): Promise<Accepted> {
    if (this.#pending.size >= PENDING_MAX) return Promise.reject(new Refusal('command_queue_full'));
    const id = this.newId();
    const accepted = this.#enqueue({ id, command, sentAtMs: null });
    this.#changed();
    this.#send(id);
    return accepted;
  }

  /** Takes over commands of an earlier page of this tab; the next `resend` sends them. */
  restore(kept: readonly StoredCommand[]): Promise<Accepted>[] {
    const fresh = kept.filter(({ id }) => !this.#pending.has(id)).slice(0, PENDING_MAX - this.#pending.size);
    const accepted = fresh.map((command) => this.#enqueue(command));
    if (fresh.length > 0) this.#changed();
    return accepted;
  }

  /**
   * A new connection is open: resends everything without a reply, in order, except commands that could be executed
   * twice.
   */
  resend(): void {
    const rememberedFromMs = this.timeOfDayMs() - REMEMBERED_MS;
    for (const [id, { sentAtMs }] of [...this.#pending]) {
      if (sentAtMs === null || sentAtMs >= rememberedFromMs) this.#send(id);
      else this.#remove(id)?.reject(new Refusal('outcome_unknown'));
    }
  }

  settle(reply: Reply): void {
    const pending = this.#remove(reply.id);
    if (pending === undefined) return;
    if (reply.ok) pending.resolve({ entry: reply.entry ?? null, answer: reply.answer ?? null });
    else pending.reject(refusalOf(reply));
  }

  /** There will be no further connection. */
  abandon(): void {
    for (const id of [...this.#pending.keys()]) this.#remove(id)?.reject(new Refusal('closed'));
  }

  #enqueue({ id, command, sentAtMs }: StoredCommand): Promise<Accepted> {
    return new Promise<Accepted>((resolve, reject) => {
      const expiry = SHORT_LIVED.has(command.name) ? setTimeout(() => this.#expire(id), SHORT_LIVED_MS) : undefined;
      this.#pending.set(id, { id, command, resolve, reject, expiry, sentAtMs });
    });
  }

  #send(id: CommandId): void {
    const pending = this.#pending.get(id);
    if (pending === undefined || !this.send({ type: 'command', id, command: pending.command })) return;
    if (pending.sentAtMs !== null) return;
    pending.sentAtMs = this.timeOfDayMs();
    this.#changed();
  }

  #changed(): void {
    const kept = [...this.#pending.values()].filter(({ command }) => !SHORT_LIVED.has(command.name));
    this.onWaiting(
      this.#pending.size,
      kept.map(({ id, command, sentAtMs }) => ({ id, command, sentAtMs })),
    );
  }

  #expire(id: CommandId): void {
    this.#remove(id)?.reject(new Refusal('expired'));
  }

  #remove(id: CommandId): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    clearTimeout(pending.expiry);
    this.#pending.delete(id);
    this.#changed();
    return pending;
  }
}

function refusalOf({ error }: Reply): Refusal {
  return new Refusal(error?.code ?? 'internal', error?.reason ?? null, error?.values ?? {});
}
