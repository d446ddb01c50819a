import { expect, it } from 'vitest';
import type { Memory } from '../browser/storage';
import type { StoredCommand } from './command-queue';
import { StoredCommands } from './stored-commands';

const TRACK: StoredCommand = { id: 'id-1', command: { name: 'dequeue', entry: 'a' }, sentAtMs: null };

function memory(): Memory & { items: Map<string, string> } {
  const items = new Map<string, string>();
  return {
    items,
    recall: (key) => items.get(key) ?? null,
    remember: (key, value) => void (value === null ? items.delete(key) : items.set(key, value)),
  };
}

it('returns commands to their user, in their room', () => {
  const tab = memory();
  new StoredCommands(tab, '7KM2QX').save('ada', [TRACK]);
  expect(new StoredCommands(tab, '7KM2QX').of('ada')).toEqual([TRACK]);
  expect(new StoredCommands(tab, '7KM2QX').of('ben')).toEqual([]);
  expect(new StoredCommands(tab, 'OTHER1').of('ada')).toEqual([]);
});

it('stores nothing when no command is unanswered', () => {
  const tab = memory();
  const kept = new StoredCommands(tab, '7KM2QX');
  kept.save('ada', [TRACK]);
  kept.save('ada', []);
  expect(tab.items.size).toBe(0);
});

it('ignores stored values that it does not understand', () => {
  const tab = memory();
  const kept = new StoredCommands(tab, '7KM2QX');
  const strange = [null, 7, { id: 'x' }, { id: 'y', command: {}, sentAtMs: null }, { ...TRACK, sentAtMs: 'soon' }];
  for (const text of ['', 'no json', 'null', '[]', '{"user":"ada","commands":7}']) {
    tab.remember('tutti.outbox.7KM2QX', text);
    expect(kept.of('ada')).toEqual([]);
  }
  tab.remember('tutti.outbox.7KM2QX', JSON.stringify({ user: 'ada', commands: [...strange, TRACK] }));
  expect(kept.of('ada')).toEqual([TRACK]);
});
