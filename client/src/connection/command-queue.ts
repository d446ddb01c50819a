import type { Answer, ClientFrame, Command, CommandId, EntryId, ErrorCode, ServerFrame } from '$protocol';

/** Why a command came to nothing: the server's refusal, or one of our own. */
export type RefusalCode = ErrorCode | 'queue_full' | 'expired' | 'outcome_unknown' | 'closed';

export class Refusal extends Error {
  constructor(
    readonly code: RefusalCode,
    readonly detail: string,
  ) {
    super(`${code}: ${detail}`);
    this.name = 'Refusal';
  }
}

export interface Accepted {
  /** The entry that the command made, when it made one. */
  entry: EntryId | null;
  /** What the command asked for, when it asked for something. */
  answer: Answer | null;
}

type Reply = Extract<ServerFrame, { type: 'reply' }>;

/** A command as it is kept through a reload of the page. */
export interface StoredCommand {
  id: CommandId;
  command: Command;
  /** When it went out first, by the time of day, which goes on through a sleep; `null`: never yet. */
  sentAtMs: number | null;
}

interface Pending extends StoredCommand {
  resolve: (accepted: Accepted) => void;
  reject: (refusal: Refusal) => void;
  expiry: ReturnType<typeof setTimeout> | undefined;
}

const PENDING_MAX = 50;

/**
 * A `skip` or `seek` that arrives a minute late hits a moment nobody meant. Queue changes keep their sense and are kept
 * for as long as it takes.
 */
const OF_THE_MOMENT: ReadonlySet<Command['name']> = new Set([
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
const MOMENT_MS = 10_000;
/**
 * A server that was restarted remembers the ids of commands for fifteen minutes. What went out longer ago and has no reply
 * may have been done: sent again, it could be done twice.
 */
const REMEMBERED_MS = 10 * 60_000;

/**
 * Commands on their way. Each is kept until its reply, through any number of connections, and sent again under the same
 * id, which the server takes in once. Those that keep their sense are kept through a reload, too.
 */
export class CommandQueue {
  #pending = new Map<CommandId, Pending>();

  constructor(
    private readonly send: (frame: ClientFrame) => boolean,
    private readonly newId: () => CommandId,
    private readonly timeOfDayMs: () => number,
    /** Told whenever it changes: how many wait, and what of them a reload should not lose. */
    private readonly onWaiting: (count: number, kept: StoredCommand[]) => void = () => {},
  ) {}

  submit(command: Command): Promise<Accepted> {
    if (this.#pending.size >= PENDING_MAX) return Promise.reject(new Refusal('queue_full', 'Too many are waiting.'));
    const id = this.newId();
    const accepted = this.#keep({ id, command, sentAtMs: null });
    this.#changed();
    this.#send(id);
    return accepted;
  }

  /** Takes in what an earlier page of this tab left; it goes out with the next `resend`. */
  restore(kept: readonly StoredCommand[]): Promise<Accepted>[] {
    const fresh = kept.filter(({ id }) => !this.#pending.has(id)).slice(0, PENDING_MAX - this.#pending.size);
    const accepted = fresh.map((command) => this.#keep(command));
    if (fresh.length > 0) this.#changed();
    return accepted;
  }

  /** A new connection stands: everything without a reply goes out again, in order, unless it might be done twice. */
  resend(): void {
    const rememberedFromMs = this.timeOfDayMs() - REMEMBERED_MS;
    for (const [id, { sentAtMs }] of [...this.#pending]) {
      if (sentAtMs === null || sentAtMs >= rememberedFromMs) this.#send(id);
      else this.#take(id)?.reject(new Refusal('outcome_unknown', 'Nobody knows whether it was done.'));
    }
  }

  settle(reply: Reply): void {
    const pending = this.#take(reply.id);
    if (pending === undefined) return;
    if (reply.ok) pending.resolve({ entry: reply.entry ?? null, answer: reply.answer ?? null });
    else pending.reject(new Refusal(reply.error?.code ?? 'internal', reply.error?.message ?? ''));
  }

  /** There will be no further connection. */
  abandon(): void {
    for (const id of [...this.#pending.keys()]) this.#take(id)?.reject(new Refusal('closed', 'The room was left.'));
  }

  #keep({ id, command, sentAtMs }: StoredCommand): Promise<Accepted> {
    return new Promise<Accepted>((resolve, reject) => {
      const expiry = OF_THE_MOMENT.has(command.name) ? setTimeout(() => this.#expire(id), MOMENT_MS) : undefined;
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
    const kept = [...this.#pending.values()].filter(({ command }) => !OF_THE_MOMENT.has(command.name));
    this.onWaiting(
      this.#pending.size,
      kept.map(({ id, command, sentAtMs }) => ({ id, command, sentAtMs })),
    );
  }

  #expire(id: CommandId): void {
    this.#take(id)?.reject(new Refusal('expired', 'The moment has passed.'));
  }

  #take(id: CommandId): Pending | undefined {
    const pending = this.#pending.get(id);
    if (pending === undefined) return undefined;
    clearTimeout(pending.expiry);
    this.#pending.delete(id);
    this.#changed();
    return pending;
  }
}
