import { describe, expect, it } from 'vitest';
import type { Event, Member } from '$protocol';
import { applyPresence } from './presence';
import { applyDelta, type Delta, identityAfter } from './room';
import { entry, idle, member, playing, room } from './testing/fixtures';

const delta = (events: Event[], more: Partial<Delta> = {}): Delta => ({
  type: 'delta',
  position: { epoch: 1, offset: events.length },
  events,
  ...more,
});
const people = (events: Event[]) =>
  applyDelta(room(), delta(events))?.members.map(({ name, role, away }) => `${name} ${role}${away ? ' away' : ''}`);

describe('room', () => {
  it('follows people as they come, change and go', () => {
    expect(people([{ name: 'member_joined', member: member('cleo') }])).toEqual([
      'Ana host',
      'Ben player',
      'Cleo player',
    ]);
    expect(people([{ name: 'member_away', member: 'ben' }])).toEqual(['Ana host', 'Ben player away']);
    expect(people([{ name: 'member_renamed', member: 'ben', member_name: 'Benno' }])).toEqual([
      'Ana host',
      'Benno player',
    ]);
    expect(people([{ name: 'member_changed', member: 'ben', member_name: 'Benno', kind: 'user' }])).toEqual([
      'Ana host',
      'Benno player',
    ]);
    expect(people([{ name: 'host_transferred', from: 'ana', to: 'ben' }])).toEqual(['Ana cohost', 'Ben host']);
    expect(people([{ name: 'member_forgotten', member: 'ben' }])).toEqual(['Ana host']);
    expect(people([{ name: 'member_kicked', member: 'ben', by: 'ana' }])).toEqual(['Ana host']);
  });

  it('shows a picture from when it is there until it is gone', () => {
    const change = { name: 'member_changed', member: 'ben', member_name: 'Ben', kind: 'user' } as const;
    const shown = applyDelta(room(), delta([{ ...change, picture: '/pictures/ben' }]))!;
    expect(shown.members[1]).toMatchObject({ kind: 'user', picture: '/pictures/ben', role: 'player' });
    expect(applyDelta(shown, delta([change]))?.members[1]?.picture).toBeNull();
  });

  it('lets an account take over from the guest who logged in to it', () => {
    const before = room({
      now_playing: entry('a', 'ana'),
      members: [member('ana', 'host'), member('ben'), member('cleo')],
    });
    const names = (to: Member) => {
      const after = applyDelta(before, delta([{ name: 'member_merged', from: 'ana', to }]))!;
      expect(after.now_playing?.member).toBe(to.id);
      return after.members.map(({ name, role, kind }) => `${name} ${role} ${kind}`);
    };
    const account = { role: 'host', kind: 'user' } as const;
    expect(names({ ...member('dora'), ...account })).toEqual([
      'Dora host user',
      'Ben player guest',
      'Cleo player guest',
    ]);
    expect(names({ ...member('cleo'), ...account })).toEqual(['Ben player guest', 'Cleo host user']);
  });

  it('knows who a guest is after they have logged in', () => {
    const events: Event[] = [
      { name: 'next_locked', entry: 'a' },
      { name: 'member_merged', from: 'ben', to: member('cleo') },
    ];
    expect(identityAfter(events, 'ben')).toBe('cleo');
    expect(identityAfter(events, 'ana')).toBe('ana');
    expect(identityAfter(events, null)).toBeNull();
  });

  it('takes the timeline from one entry to the next in one delta', () => {
    const before = room({ now_playing: entry('a', 'ana'), playback: playing('a', 0) });
    const after = applyDelta(
      before,
      delta([
        { name: 'entry_ended', entry: 'a', reason: 'skipped', played_ms: 5, by: 'ana' },
        { name: 'entry_started', entry: entry('b', 'ben'), playback: playing('b', 900) },
      ]),
    );
    expect(after?.now_playing?.id).toBe('b');
    expect(after?.playback.anchor_at_ms).toBe(900);
  });

  it('falls silent when nothing follows', () => {
    const before = room({ now_playing: entry('a', 'ana'), playback: playing('a', 0) });
    const events: Event[] = [
      { name: 'entry_ended', entry: 'a', reason: 'finished', played_ms: 5 },
      { name: 'playback_changed', playback: idle },
    ];
    expect(applyDelta(before, delta(events))).toMatchObject({ now_playing: null, playback: { state: 'idle' } });
  });

  it('keeps the order of play unless the delta brings a new one', () => {
    const before = room({ upcoming: [entry('a', 'ana')], upcoming_total: 1 });
    expect(applyDelta(before, delta([{ name: 'next_locked', entry: 'a' }]))?.upcoming).toHaveLength(1);
    expect(applyDelta(before, delta([], { upcoming: [], upcoming_total: 0 }))).toMatchObject({
      upcoming: [],
      upcoming_total: 0,
    });
  });

  it('does not guess at an event it does not know', () => {
    const strange = { name: 'room_painted', colour: 'blue' } as unknown as Event;
    expect(applyDelta(room(), delta([strange]))).toBeNull();
  });
});

describe('presence', () => {
  const device = { id: 'd', name: 'Firefox on Linux', kind: 'remote' } as const;

  it('is replaced by a full frame and amended by others', () => {
    const full = applyPresence(new Map(), {
      type: 'presence',
      full: true,
      members: [
        { member: 'ana', devices: [device] },
        { member: 'ben', devices: [device] },
      ],
    });
    const amended = applyPresence(full, { type: 'presence', full: false, members: [{ member: 'ben', devices: [] }] });
    expect([...amended.keys()]).toEqual(['ana']);
    expect([...full.keys()]).toEqual(['ana', 'ben']);
    expect(applyPresence(amended, { type: 'presence', full: true, members: [] }).size).toBe(0);
  });
});
