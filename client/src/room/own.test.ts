import { describe, expect, it } from 'vitest';
import type { Entry, Event, Own as Told } from '$protocol';
import { entry, member, room } from '../testing/fixtures';
import { measuredAfter, nothingOwn, type Own, ownIn, ownOf, votedAfter } from './own';

const a = (...ids: string[]): Entry[] => ids.map((id) => entry(id, id.startsWith('b') ? 'ben' : 'ana'));
const told = (change: Partial<Told>): Own => ownOf({ offset: 1, queue: [], votes: {}, ...change });
const ids = (own: Own) => own.queue.map(({ id }) => id).join(' ');
const whole = room({ upcoming: a('a1', 'b1', 'a2'), upcoming_total: 3 });

describe('own data of a member', () => {
  it('has the queue that the order of play shows, unless it is hidden', () => {
    expect(ids(ownIn(told({ queue: a('a9') }), whole, 'ana'))).toBe('a1 a2');
    expect(ids(ownIn(told({ queue: a('a9') }), room(), 'ana'))).toBe('');
    const fallback = room({ upcoming: [{ ...entry('f', 'ana'), fallback: true }] });
    expect(ids(ownIn(told({}), fallback, 'ana'))).toBe('');
  });

  it('has the queue as sent while it is hidden, whatever the order shows', () => {
    const hidden = told({ queue: a('a1', 'a9'), queue_hidden: true });
    expect(ids(ownIn(hidden, room({ members: [{ ...member('ana'), paused: true }] }), 'ana'))).toBe('a1 a9');
    const placed = { ...entry('a1', 'ana'), votes: 3 };
    const long = room({ upcoming: [placed], upcoming_total: 150 });
    expect(ownIn(hidden, long, 'ana').queue).toEqual([placed, entry('a9', 'ana')]);
  });

  it('knows how many entries follow, while the server sends a part of a long queue', () => {
    const long = told({ queue: a('a1'), queue_hidden: true, queue_more: 7 });
    expect(ownIn(long, room({ upcoming_total: 150 }), 'ana').queueMore).toBe(7);
    expect(ownIn(told({ queue_more: 7 }), whole, 'ana').queueMore).toBe(0);
  });

  it('has the votes as sent and as cast since', () => {
    const vote = (id: string, value: number): Event => ({
      name: 'entry_voted',
      entry: id,
      member: 'ana',
      value,
      votes: value,
    });
    const own = votedAfter(told({ votes: { b9: -1 } }), [vote('b1', 1), vote('b2', -1), vote('b1', 0)], 'ana');
    expect(own.votes).toEqual({ b9: -1, b2: -1 });
    const others: Event = { name: 'entry_voted', entry: 'b1', member: 'ben', value: 1, votes: 1 };
    expect(votedAfter(own, [others], 'ana')).toBe(own);
  });

  it('has the measured lengths, also while the queue is hidden', () => {
    const hidden = told({ queue: a('a1', 'a9'), queue_hidden: true });
    const measured: Event = { name: 'track_measured', entry: 'a9', duration_ms: 200_500, gain_db: -3.5 };
    const own = ownIn(measuredAfter(hidden, [measured]), room(), 'ana');
    expect(own.queue.map(({ track }) => [track.duration_ms, track.gain_db])).toEqual([
      [180_000, undefined],
      [200_500, -3.5],
    ]);
    expect(own.queue[0]).toBe(hidden.queue[0]);
    expect(measuredAfter(own, [{ name: 'next_locked', entry: 'a9' }])).toBe(own);
  });

  it('keeps the latest votes only', () => {
    const cast = Array.from({ length: 400 }, (_, index): Event => {
      return { name: 'entry_voted', entry: `b${index}`, member: 'ana', value: 1, votes: 1 };
    });
    const { votes } = votedAfter(nothingOwn, cast, 'ana');
    expect(Object.keys(votes)).toHaveLength(300);
    expect(votes.b399).toBe(1);
  });

  it('has the accepted commands, or none from a server that does not say', () => {
    expect(told({ may: ['skip'] }).may).toEqual(['skip']);
    expect(told({}).may).toBeNull();
  });
});
