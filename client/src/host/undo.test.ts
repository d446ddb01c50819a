import { describe, expect, it } from 'vitest';
import type { Event, Note } from '$protocol';
import { canUndo, noteOf, undoableAfter } from './undo';

const note = (id: number, change: Partial<Note> = {}): Note => ({
  id,
  at_ms: 1_000,
  by: 'ana',
  deed: 'kick',
  member: 'ben',
  undo_until_ms: 121_000,
  ...change,
});
const noted = (id: number, change?: Partial<Note>): Event => ({ name: 'noted', note: note(id, change) });

describe('undo', () => {
  it('is offered for the user’s own actions while they can be undone', () => {
    const events = [noted(1), noted(2, { by: 'cai' }), noted(3, { undo_until_ms: null }), noted(4, { deed: 'clear' })];
    const known = undoableAfter([], events, 'ana');
    expect(known.map(({ id }) => id)).toEqual([1, 4]);
    expect(undoableAfter(known, [{ name: 'undone', note: 1, by: 'cai' }], 'ana').map(({ id }) => id)).toEqual([4]);
  });

  it('finds the note of a command', () => {
    const notes = [note(1), note(2, { member: 'cai' }), note(3, { deed: 'dequeue', title: 'Song' })];
    expect(noteOf(notes, { name: 'kick', member: 'ben' })?.id).toBe(1);
    expect(noteOf(notes, { name: 'dequeue', entry: 'e' })?.id).toBe(3);
    expect(noteOf(notes, { name: 'clear', member: 'ben' })).toBeNull();
    expect(noteOf([note(1, { deed: 'clear', member: null })], { name: 'clear' })?.id).toBe(1);
  });

  it('is withdrawn', () => {
    expect([canUndo(note(1), 120_999), canUndo(note(1), 121_000)]).toEqual([true, false]);
    expect(canUndo(note(1, { undone_by: 'cai' }), 2_000)).toBe(false);
  });
});
