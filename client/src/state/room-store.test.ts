import { describe, expect, it } from 'vitest';
import type { Event } from '$protocol';
import type { Welcome } from '../connection/connection';
import type { Delta } from '../room/room';
import { entry, member, room } from '../testing/fixtures';
import { RoomStore } from './room-store.svelte';

const welcome = (member: string): Welcome => ({ type: 'welcome', member }) as Welcome;
const delta = (offset: number, ...events: Event[]): Delta => ({
  type: 'delta',
  position: { epoch: 1, offset },
  events,
});

describe('room store', () => {
  it('applies no delta before a snapshot', () => {
    const store = new RoomStore();
    expect(store.apply(delta(1))).toBeNull();
  });

  it('derives who the user is from the room', () => {
    const store = new RoomStore();
    store.welcome(welcome('ben'));
    expect([store.self, store.role]).toEqual([undefined, 'listener']);
    store.replace(room());
    expect([store.self?.name, store.role]).toEqual(['Ben', 'player']);
    expect([store.called('ben'), store.called('ana'), store.nameOf('zoe')]).toEqual(['you', 'Ana', 'someone who left']);
    expect(store.may('skip')).toBe(false);
  });

  it('says what a delta changed', () => {
    const store = new RoomStore();
    store.welcome(welcome('ana'));
    store.replace(room());
    const zoe = member('zoe');
    const change = store.apply(delta(1, { name: 'member_joined', member: zoe }));
    expect(change?.before.members.map(({ id }) => id)).toEqual(['ana', 'ben']);
    expect(store.room?.members.map(({ id }) => id)).toEqual(['ana', 'ben', 'zoe']);
    expect(change?.after).toBe(store.room);
  });

  it('leaves the room as it is at an event that this client does not know', () => {
    const store = new RoomStore();
    store.replace(room());
    const before = store.room;
    expect(store.apply(delta(1, { name: 'from_the_future' } as unknown as Event))).toBeNull();
    expect(store.room).toBe(before);
  });

  it('follows a guest who logs in', () => {
    const store = new RoomStore();
    store.welcome(welcome('ben'));
    store.replace(room({ upcoming: [entry('a', 'ben')], upcoming_total: 1 }));
    const change = store.apply(
      delta(1, { name: 'member_merged', from: 'ben', to: { ...member('ben-account'), name: 'Benjamin' } } as Event),
    );
    expect([change?.me, store.me, store.self?.name]).toEqual(['ben', 'ben-account', 'Benjamin']);
  });
});
