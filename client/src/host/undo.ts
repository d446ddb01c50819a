import type { Command, Event, Note, UserId } from '$protocol';

/** How many actions can be undone at a time. */
const KEPT_MAX = 20;

/** The user's recent actions that can still be undone, latest last, updated from events. */
export function undoableAfter(known: readonly Note[], events: readonly Event[], me: UserId | null): Note[] {
  let notes = [...known];
  for (const event of events) {
    if (event.name === 'undone') notes = notes.filter(({ id }) => id !== event.note);
    const mine = event.name === 'noted' && event.note.by === me && canUndo(event.note, event.note.at_ms);
    if (mine) notes.push(event.note);
  }
  return notes.slice(-KEPT_MAX);
}

/** The note about what a command just did; `null` when it is not noted, or nothing happened. */
export function noteOf(notes: readonly Note[], command: Command): Note | null {
  const about = 'member' in command ? (command.member ?? null) : undefined;
  return (
    notes.findLast(
      ({ deed, member }) => deed === command.name && (about === undefined || about === (member ?? null)),
    ) ?? null
  );
}

export function canUndo(note: Note, nowMs: number): boolean {
  return (note.undone_by ?? null) === null && (note.undo_until_ms ?? 0) > nowMs;
}
