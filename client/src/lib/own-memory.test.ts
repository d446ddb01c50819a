import { beforeEach, describe, expect, it } from 'vitest';
import { nothingOwn } from './own';
import { recallOwn, rememberOwn } from './own-memory';
import { remember } from './storage';
import { entry } from './testing/fixtures';

beforeEach(() => remember('tutti.own', null));

describe('the memory of one’s own things', () => {
  it('is that of one person in one room', () => {
    rememberOwn('7KM2QX', 'ana', { ...nothingOwn, queue: [entry('a', 'ana')], votes: { b: 1 } });
    expect(recallOwn('7KM2QX', 'ana')).toEqual({ queue: [entry('a', 'ana')], votes: { b: 1 }, taken: [] });
    expect(recallOwn('7KM2QX', 'ben')).toEqual(nothingOwn);
    expect(recallOwn('AAAAAA', 'ana')).toEqual(nothingOwn);
  });

  it('makes nothing of what it cannot read', () => {
    remember('tutti.own', '{"code":"7KM2QX","member":"ana","queue":3}');
    expect(recallOwn('7KM2QX', 'ana')).toEqual(nothingOwn);
    remember('tutti.own', 'nonsense');
    expect(recallOwn('7KM2QX', 'ana')).toEqual(nothingOwn);
  });
});
