import type { Command, Entry } from '$protocol';
import { moved } from '../util/reorder';

/**
 * The entries as this user's unanswered commands will leave them. Each reply removes its command, so the result is the
 * server's order with what is still in flight on top; a refused command just disappears from it.
 */
export function orderAfter(entries: readonly Entry[], unanswered: readonly Command[]): readonly Entry[] {
  return unanswered.reduce(afterCommand, entries);
}

function afterCommand(entries: readonly Entry[], command: Command): readonly Entry[] {
  if (command.name === 'dequeue') return entries.filter(({ id }) => id !== command.entry);
  if (command.name !== 'move') return entries;
  const from = entries.findIndex(({ id }) => id === command.entry);
  const target = command.before ?? null;
  const before = target === null ? entries.length : entries.findIndex(({ id }) => id === target);
  // Either entry is gone: the room will refuse the command.
  if (from === -1 || before === -1) return entries;
  return moved(entries, from, before > from ? before - 1 : before);
}
