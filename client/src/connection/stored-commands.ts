import type { UserId } from '$protocol';
import type { Memory } from '../browser/storage';
import type { StoredCommand } from './command-queue';

/**
 * Unanswered commands, stored for the next page of the same tab when a page is closed or reloaded: by room and user.
 */
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

  /** The stored commands of one user. Commands are never sent in another user's name. */
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

/** Stored values may come from another version; the server decides whether a command is valid. */
function isStoredCommand(value: unknown): value is StoredCommand {
  if (typeof value !== 'object' || value === null) return false;
  const { id, command, sentAtMs } = value as Partial<StoredCommand>;
  const isCommand = typeof command === 'object' && command !== null && typeof command.name === 'string';
  return typeof id === 'string' && isCommand && (sentAtMs === null || Number.isFinite(sentAtMs));
}
