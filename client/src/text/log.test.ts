import { describe, expect, it } from 'vitest';
import type { Note } from '$protocol';
import { limitMeaning, limitProblem } from './limits';
import { noteText } from './log';

const says = (change: Partial<Note>) =>
  noteText(
    { id: 1, at_ms: 0, by: 'ana', deed: 'kick', ...change },
    'me',
    (id) => ({ ana: 'Ana', ben: 'Ben' })[id] ?? '?',
  );

describe('log texts', () => {
  it('are sentences', () => {
    expect(says({ deed: 'kick', member: 'ben' })).toBe('Ana removed Ben');
    expect(says({ deed: 'dequeue', member: 'ben', title: 'Song' })).toBe('Ana removed “Song” of Ben');
    expect(says({ deed: 'skip', title: 'Song' })).toBe('Ana skipped “Song”');
    expect(says({ deed: 'clear' })).toBe('Ana cleared all queues');
    expect(says({ deed: 'clear', member: 'ana' })).toBe('Ana cleared their own queue');
    expect(says({ deed: 'set_settings', settings: ['explicit', 'players_max'] })).toBe(
      'Ana changed explicit tracks and how many play at a time',
    );
    expect(says({ deed: 'rename_room', title: 'Attic' })).toBe('Ana renamed the room to “Attic”');
    expect(says({ by: 'me', deed: 'remove_passcode' })).toBe('You removed the passcode');
    expect(says({ by: 'me', deed: 'clear', member: 'me' })).toBe('You cleared your queue');
    expect(says({ deed: 'skip', member: 'me', title: 'Song' })).toBe('Ana skipped your track “Song”');
    expect(says({ deed: 'something_new' })).not.toContain('something_new');
  });
});

describe('limits', () => {
  it('explain their values', () => {
    expect(limitMeaning('track_ms_max', 450_000)).toBe('Tracks longer than 7.5 minutes are refused.');
    expect(limitMeaning('track_ms_max', 0)).toBe('Any length.');
    expect(limitMeaning('step_down_after', 1)).toBe('After one track they go to the end of the line.');
    expect(limitProblem('players_max', 'too_much')).toBe('At most 5000 people.');
  });
});
