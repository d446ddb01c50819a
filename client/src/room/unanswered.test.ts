import { describe, expect, it } from 'vitest';
import type { Command, Entry } from '$protocol';
import { orderAfter } from './unanswered';

const entry = (id: string) => ({ id }) as Entry;
const left = (ids: string, ...commands: Command[]) =>
  orderAfter([...ids].map(entry), commands)
    .map(({ id }) => id)
    .join('');
const move = (id: string, before: string | null): Command => ({ name: 'move', entry: id, before });

describe('the order after unanswered commands', () => {
  it('moves entries up, down and to the end', () => {
    expect(left('abcd', move('d', 'b'))).toBe('adbc');
    expect(left('abcd', move('a', 'd'))).toBe('bcad');
    expect(left('abcd', move('b', null))).toBe('acdb');
    expect(left('abcd', { name: 'move', entry: 'b' })).toBe('acdb');
  });

  it('applies commands in the order in which they were given', () => {
    expect(left('abcd', move('d', 'a'), { name: 'dequeue', entry: 'b' }, move('a', null))).toBe('dca');
  });

  it('leaves an order alone that already has the result', () => {
    expect(left('bca', move('a', null))).toBe('bca');
    expect(left('adbc', move('d', 'b'))).toBe('adbc');
    expect(left('ab', move('a', 'a'))).toBe('ab');
  });

  it('ignores commands about entries that are gone', () => {
    expect(left('abc', move('x', 'a'), move('a', 'x'), { name: 'dequeue', entry: 'x' })).toBe('abc');
  });

  it('ignores commands about other things', () => {
    expect(left('abc', { name: 'pause' })).toBe('abc');
  });
});
