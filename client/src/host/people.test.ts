import { describe, expect, it } from 'vitest';
import type { Command, DevicePresence } from '$protocol';
import { isOffered } from '../room/offers';
import { nothingOwn } from '../room/own';
import { entry, member, room, settings } from '../testing/fixtures';
import { findPeople, kickNeedsConfirmation, moderationOf, readWeight, waitingOf, weightOf } from './people';

const cohost = member('ben', 'cohost');
const player = member('cai');

describe('people in the console', () => {
  it('are found by any part of their name, ignoring case', () => {
    const people = [
      { ...member('a'), name: 'Ana Lima' },
      { ...member('b'), name: 'Ben' },
    ];
    expect(findPeople(people, ' lim AN ').map(({ id }) => id)).toEqual(['a']);
    expect(findPeople(people, '')).toHaveLength(2);
  });

  it('have a weight', () => {
    const weighted = room({ settings: settings({ weights: { ben: 200 } }) });
    expect([weightOf(weighted, 'ben'), weightOf(weighted, 'ana')]).toEqual([200, 100]);
    expect(['10', ' 250 ', '1000'].map(readWeight)).toEqual([10, 250, 1000]);
    expect(['', '9', '1001', '12.5', 'x'].map(readWeight)).toEqual([null, null, null, null, null]);
  });

  it('are removed without confirmation unless more goes with them', () => {
    const remote: DevicePresence = { id: 'd', name: 'Phone', kind: 'remote', playback: null };
    const playback = { entry: null, position_ms: 0, at_ms: 0, error_ms: 0, state: 'paused' } as const;
    expect(kickNeedsConfirmation(player, [remote])).toBe(false);
    expect(kickNeedsConfirmation(player, [remote, { ...remote, playback }])).toBe(true);
    expect(kickNeedsConfirmation(cohost, [])).toBe(true);
  });

  it('cannot demote, mute, restrict, kick or ban themselves', () => {
    // The room's table lets any player do all of it.
    const permissions = { set_role: 'player', mute: 'player', kick: 'player', ban: 'player' } as const;
    const members = [member('ana', 'host'), member('ben'), member('cleo')];
    const on = (me: string, id: string) => {
      const known = { room: room({ members, settings: settings({ permissions }) }), me, own: nothingOwn };
      const offered = (command: Command) => isOffered({ ...known, notes: [], hostGoneMs: null }, command);
      return {
        console: moderationOf(id, me, offered),
        demotes: offered({ name: 'set_role', member: id, role: 'player' }),
      };
    };
    const none = { setRole: false, mute: false, setPermission: false, kick: false, ban: false };
    expect(on('ben', 'ben')).toEqual({ console: none, demotes: true });
    expect(on('ana', 'ana').console).toEqual(none);
    expect(on('ben', 'cleo').console).toEqual({
      setRole: true,
      mute: true,
      setPermission: false,
      kick: true,
      ban: true,
    });
    expect(on('ana', 'ben').console).toEqual({ setRole: true, mute: true, setPermission: true, kick: true, ban: true });
  });

  it('have waiting entries', () => {
    const full = room({ upcoming: [entry('a', 'ana', 60_000), entry('b', 'ben'), entry('c', 'ana', 30_000)] });
    expect(waitingOf(full, 'ana')).toEqual({ count: 2, ms: 90_000 });
  });
});
