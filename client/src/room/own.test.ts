import { describe, expect, it } from 'vitest';
import type { Entry, Event, Note, Room } from '$protocol';
import { entry, member, playing, room, settings } from '../testing/fixtures';
import { nothingOwn, type Own, ownAfter, ownInSnapshot } from './own';

const a = (...ids: string[]): Entry[] => ids.map((id) => entry(id, id.startsWith('b') ? 'ben' : 'ana'));
const of = (...ids: string[]): Own => ({ ...nothingOwn, queue: a(...ids) });
const ids = (own: Own) => own.queue.map(({ id }) => id).join(' ');
/** Ana's queue is paused: the order of play does not show it. */
const paused = room({ members: [{ ...member('ana', 'host'), paused: true }, member('ben')] });
const follow = (own: Own, events: Event[], before: Room = paused) => ownAfter(own, before, before, events, 'ana');
const note = (id: number): Event => ({
  name: 'noted',
  note: { id, at_ms: 0, by: 'ben', deed: 'clear', undo_until_ms: 120_000 } satisfies Note,
});

describe('what is one’s own', () => {
  it('is what the order shows, as long as the order shows all of it', () => {
    const shown = a('a1', 'b1', 'a2');
    const whole = room({ upcoming: shown, upcoming_total: 3 });
    expect(ids(ownInSnapshot(of('a9'), whole, 'ana'))).toBe('a1 a2');
    expect(ids(ownInSnapshot(of('a1', 'a9'), { ...whole, upcoming_total: 150 }, 'ana'))).toBe('a1 a2 a9');
    expect(ids(ownInSnapshot(of('a9'), room(), 'ana'))).toBe('');
  });

  it('stays while it waits out of the order', () => {
    expect(ids(ownInSnapshot(of('a1', 'a2'), paused, 'ana'))).toBe('a1 a2');
    const line = room({ settings: settings({ players_max: 1 }), line: ['ben', 'ana'] });
    expect(ids(ownInSnapshot(of('a1'), line, 'ana'))).toBe('a1');
  });

  it('follows what happens to it meanwhile', () => {
    const own = follow(of('a1', 'a2'), [
      { name: 'entry_added', entry: entry('a3', 'ana'), before: 'a2' },
      { name: 'entry_added', entry: entry('b1', 'ben') },
      { name: 'entry_moved', entry: 'a1' },
      { name: 'entry_removed', entry: 'a2', by: 'ana' },
    ]);
    expect(ids(own)).toBe('a3 a1');
    expect(ids(follow(own, [{ name: 'entry_started', entry: entry('a3', 'ana'), playback: playing('a3', 0) }]))).toBe(
      'a1',
    );
    const host = { ...paused, settings: settings({ policy: 'host' }) };
    expect(ids(follow(own, [{ name: 'entry_moved', entry: 'a3' }], host))).toBe('a3 a1');
  });

  it('takes in what was suggested once somebody says yes', () => {
    const before = { ...paused, suggestions: [entry('a1', 'ana'), entry('b1', 'ben')] };
    const approve = (id: string): Event => ({ name: 'suggestion_approved', entry: id, by: 'ben' });
    expect(ids(follow(nothingOwn, [approve('a1'), approve('b1')], before))).toBe('a1');
  });

  it('comes back when a clearing is undone', () => {
    const cleared = follow(of('a1', 'a2'), [{ name: 'queue_cleared', by: 'ben' }, note(7)]);
    expect(ids(cleared)).toBe('');
    expect(cleared.taken).toMatchObject([{ note: 7, by: 'ben', untilMs: 120_000 }]);
    expect(ids(follow(cleared, [{ name: 'undone', note: 8, by: 'ben' }]))).toBe('');
    expect(ids(follow(cleared, [{ name: 'undone', note: 7, by: 'ben' }]))).toBe('a1 a2');
    expect(ids(follow(of('a1'), [{ name: 'queue_cleared', member: 'ben', by: 'ben' }]))).toBe('a1');
  });

  it('knows how one voted', () => {
    const vote = (member: string, value: number): Event => ({
      name: 'entry_voted',
      entry: 'b1',
      member,
      value,
      votes: 3,
    });
    const voted = follow(nothingOwn, [vote('ana', 1), vote('ben', -1)]);
    expect(voted.votes).toEqual({ b1: 1 });
    expect(follow(voted, [vote('ana', 0)]).votes).toEqual({});
  });

  it('goes with a guest who logs in', () => {
    const merged = room({ members: [{ ...member('cleo'), paused: true }] });
    const events: Event[] = [
      { name: 'member_merged', from: 'ana', to: member('cleo') },
      { name: 'entry_added', entry: entry('a2', 'cleo') },
    ];
    const own = ownAfter(of('a1'), paused, merged, events, 'ana');
    expect(own.queue.map(({ id, member }) => `${id} ${member}`)).toEqual(['a1 cleo', 'a2 cleo']);
  });
});
