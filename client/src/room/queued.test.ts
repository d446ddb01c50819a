import { describe, expect, it } from 'vitest';
import type { Command } from '$protocol';
import { entry, room } from '../testing/fixtures';
import { addOffer, queuedTracks } from './queued';

const ref = (id: string) => entry(id, 'ana').track;
const keyOf = (id: string) => `${ref(id).provider}:${ref(id).id}`;

describe('what is queued already', () => {
  it('is known of every queue that the page is told', () => {
    const bens = { ...entry('b', 'ben'), credits: ['ana'] };
    const shown = room({
      now_playing: entry('n', 'ben'),
      upcoming: [entry('a', 'ana'), bens, { ...entry('f', 'ben'), fallback: true }],
      suggestions: [entry('s', 'ana'), entry('t', 'ben')],
    });
    const { provider, id } = ref('x');
    const sent: Command[] = [{ name: 'enqueue', track: { provider, id } }, { name: 'pause' }];
    const found = queuedTracks(shown, 'ana', [entry('a', 'ana'), entry('b', 'ana')], sent);

    expect(Object.fromEntries(found)).toEqual({
      [keyOf('x')]: { sending: true },
      [keyOf('n')]: { playing: true },
      [keyOf('a')]: { place: 1 },
      [keyOf('b')]: { place: 2, member: 'ben', credited: true },
      [keyOf('s')]: { suggested: true },
    });
  });

  it('names the first of several entries', () => {
    const again = [entry('a', 'ana'), { ...entry('c', 'ana'), track: ref('a') }];
    expect(queuedTracks(room({}), 'ana', again, []).get(keyOf('a'))).toEqual({ place: 1 });
  });
});

describe('the button of a track', () => {
  const allow = { duplicates: 'allow' } as const;
  const refuse = { duplicates: 'refuse' } as const;
  const credit = { duplicates: 'credit' } as const;

  it('adds what is not queued', () => {
    for (const how of [allow, refuse, credit]) expect(addOffer(undefined, how)).toBe('add');
  });

  it('adds a track of one’s own again after a confirmation, where the room allows it', () => {
    expect([allow, refuse, credit].map((how) => addOffer({ place: 3 }, how))).toEqual(['again', 'none', 'none']);
  });

  it('follows the room about the tracks of others', () => {
    const others = { member: 'ben', credited: false };
    expect([allow, refuse, credit].map((how) => addOffer(others, how))).toEqual(['add', 'none', 'add']);
    expect(addOffer({ ...others, credited: true }, credit)).toBe('none');
    expect([allow, refuse, credit].map((how) => addOffer({ playing: true }, how))).toEqual(['add', 'none', 'none']);
  });

  it('waits for a reply, and for a host', () => {
    expect([addOffer({ sending: true }, allow), addOffer({ suggested: true }, allow)]).toEqual(['none', 'none']);
  });
});
