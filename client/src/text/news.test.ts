import { describe, expect, it } from 'vitest';
import { newsText } from './news';

describe('event texts', () => {
  it('are one sentence per kind', () => {
    const removed = { kind: 'removed', title: 'First Light', by: 'Ana' } as const;
    expect(newsText([removed])).toBe('Ana removed “First Light” from your queue.');
    expect(newsText([removed, removed])).toBe('2 of your tracks were removed from the queue.');
    expect(
      newsText([
        { kind: 'policy', policy: 'votes' },
        { kind: 'policy', policy: 'fifo' },
      ]),
    ).toBe('New order: first come, first served.');
    expect(newsText([{ kind: 'waits', name: 'Cai' }])).toBe('Cai is waiting to join.');
    expect(newsText([{ kind: 'gone', title: 'First Light' }])).toBe(
      '“First Light” was skipped: the file is no longer there.',
    );
    const faulty = { kind: 'removed_unplayable', title: 'First Light' } as const;
    expect(newsText([faulty])).toBe('“First Light” was removed from your queue: it can’t be played.');
    expect(newsText([faulty, faulty])).toBe('2 of your tracks were removed from the queue: they can’t be played.');
    expect(newsText([])).toBe('');
  });
});
