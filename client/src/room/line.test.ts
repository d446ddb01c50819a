import { describe, expect, it } from 'vitest';
import type { Event, Room } from '$protocol';
import { entry, member, playing, room, settings } from '../testing/fixtures';
import { lineAfter } from './line';

const people = ['ana', 'ben', 'cleo', 'dora'].map((id) => member(id));
/** Entries by id, such as "a1 b1": the letter is their owner's. */
const order = (words: string) =>
  words
    .split(' ')
    .filter(Boolean)
    .map((id) => entry(id, people.find((person) => person.id[0] === id[0])!.id));
function lined(line: string, upcoming: string, change: Partial<Room> = {}): Room {
  const who = line.split(' ').filter(Boolean);
  const entries = order(upcoming);
  const own = { members: people, settings: settings({ players_max: 2 }), line: who };
  return room({ ...own, upcoming: entries, upcoming_total: entries.length, ...change });
}
function line(before: Room, upcoming: string, ...events: Event[]): string {
  const entries = order(upcoming);
  const after = { ...before, upcoming: entries, upcoming_total: entries.length };
  const { line, sure } = lineAfter(before, after, events);
  return `${line.join(' ')}${sure ? '' : ' ?'}`;
}
const added = (id: string): Event => ({ name: 'entry_added', entry: order(id)[0]! });
const started = (id: string): Event => ({ name: 'entry_started', entry: order(id)[0]!, playback: playing(id, 0) });

describe('the line of those who want to play', () => {
  it('is there only where not everybody plays', () => {
    expect(line(lined('', 'a1', { settings: settings() }), 'a1 b1', added('b1'))).toBe('');
  });

  it('grows at its end', () => {
    expect(line(lined('ana ben', 'a1 b1'), 'a1 b1', added('c1'), added('d1'))).toBe('ana ben cleo dora');
    expect(line(lined('ana ben cleo', 'a1 b1'), 'a1 b1', added('c2'))).toBe('ana ben cleo');
  });

  it('moves up when somebody has nothing more', () => {
    expect(line(lined('ana ben cleo', 'a1 b1'), 'b1 c1', started('a1'))).toBe('ben cleo');
    expect(line(lined('ana ben cleo', 'a1 b1'), 'b1 c1', { name: 'entry_removed', entry: 'a1', by: 'ana' })).toBe(
      'ben cleo',
    );
    expect(line(lined('ana ben cleo', 'a1 b1'), 'b1 c1', { name: 'member_away', member: 'ana' })).toBe('ben cleo');
  });

  it('goes round for those who had their turns, or step down', () => {
    expect(line(lined('ana ben cleo', 'a1 b1 a2'), 'b1 c1', started('a1'))).toBe('ben cleo ana');
    expect(line(lined('ana ben cleo', 'a1 b1'), 'b1 c1', { name: 'stepped_down', member: 'ana' })).toBe('ben cleo ana');
  });

  it('is empty when everything is cleared', () => {
    expect(line(lined('ana ben cleo', 'a1 b1'), '', { name: 'queue_cleared', by: 'ana' })).toBe('');
  });

  it('takes those who were suggesting once somebody says yes', () => {
    const before = lined('ana', 'a1', { suggestions: order('b1') });
    expect(line(before, 'a1 b1', { name: 'suggestion_approved', entry: 'b1', by: 'ana' })).toBe('ana ben');
  });

  it('loses those who may not play any more', () => {
    const members = people.map((person) => (person.id === 'ben' ? { ...person, role: 'listener' as const } : person));
    const before = lined('ana ben cleo', 'a1 b1');
    const upcoming = order('a1 c1');
    const after = { ...before, members, upcoming, upcoming_total: 2 };
    const demoted: Event = { name: 'role_changed', member: 'ben', role: 'listener', by: 'ana' };
    expect(lineAfter(before, after, [demoted])).toEqual({ line: ['ana', 'cleo'], sure: true });
    expect(lineAfter(after, before, [demoted]).sure).toBe(false);
    expect(line(before, 'a1 b1', { name: 'role_changed', member: 'ben', role: 'cohost', by: 'ana' })).toBe(
      'ana ben cleo',
    );
  });

  it('says when it cannot know', () => {
    expect(line(lined('ana ben', 'a1 b1'), 'a1 b1', { name: 'member_returned', member: 'cleo' })).toBe('ana ben ?');
    expect(line(lined('ana ben cleo', 'a1 b1'), 'a1 b1', { name: 'entry_removed', entry: 'c1', by: 'cleo' })).toBe(
      'ana ben cleo ?',
    );
    const off = { ...lined('', 'b1 a1 c1'), settings: settings() };
    expect(lineAfter(off, lined('', 'b1 a1'), [])).toEqual({ line: ['ana', 'ben', 'cleo'], sure: false });
  });

  it('says when the order of play says something else', () => {
    expect(line(lined('ana ben cleo', 'a1 b1'), 'a1 c1', { name: 'next_locked', entry: 'a1' })).toBe('ana ben cleo ?');
  });
});
