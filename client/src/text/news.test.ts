import { describe, expect, it } from 'vitest';
import { newsWords } from './news';

describe('event texts', () => {
  it('are one sentence per kind', () => {
    const removed = { kind: 'removed', title: 'First Light', by: 'Ana' } as const;
    expect(newsWords([removed])).toBe('Ana removed “First Light” from your queue.');
    expect(newsWords([removed, removed])).toBe('2 of your tracks were removed from the queue.');
    expect(
      newsWords([
        { kind: 'policy', policy: 'votes' },
        { kind: 'policy', policy: 'fifo' },
      ]),
    ).toBe('New order: first come, first served.');
    expect(newsWords([{ kind: 'waits', name: 'Cai' }])).toBe('Cai is waiting to join.');
    expect(newsWords([])).toBe('');
  });
});
