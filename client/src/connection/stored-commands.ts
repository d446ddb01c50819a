import type { UserId } from '$protocol';
import type { Memory } from '../browser/storage';
import type { StoredCommand } from './command-queue';

/** Commands that wait when a page is closed or loaded anew, for the next page of the same tab: by room, and by whose they are. */
export class StoredCommands {
  readonly #key: string;

  constructor(
    private readonly memory: Memory,
    roomCode: string,
  ) {
    this.#key = `tutti.outbox.${roomCode}`;
  }

  save(user: UserId, commands: readonly StoredCommand[]): void {
    this.memory.remember(this.#key, commands.length === 0 ? null : JSON.stringify({ user, commands }));
  }

  /** What waits in somebody's name. Commands are somebody's own: nobody sends another's. */
  of(user: UserId): StoredCommand[] {
    const kept = parsed(this.memory.recall(this.#key));
    return kept.user === user && Array.isArray(kept.commands) ? kept.commands.filter(isStoredCommand) : [];
  }
}

function parsed(text: string | null): { user?: unknown; commands?: unknown } {
  try {
    const value: unknown = JSON.parse(text ?? '{}');
    return typeof value === 'object' && value !== null ? value : {};
  } catch {
    return {};
  }
}

/** What is stored may be from another version; whether the command makes sense is for the server to say. */
function isStoredCommand(value: unknown): value is StoredCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { id, command, sentAtMs } = value as Partial<StoredCommand>;
  const isCommand = typeof command === 'object' && command !== null && typeof command.name === 'string';
  return typeof id === 'string' && isCommand && (sentAtMs === null || Number.isFinite(sentAtMs));
}
