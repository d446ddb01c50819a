import { describe, expect, it } from 'vitest';
import type { Action, Member, Settings } from '$protocol';
import { member, settings } from '../testing/fixtures';
import { lowestRole, mayAdd, mayPlay, onlySuggests, permissionsOf } from './permissions';

const may = (role: Member['role'], action: Action, change: Partial<Settings> = {}, more: Partial<Member> = {}) =>
  permissionsOf({ ...member('ana', role), ...more }, settings(change))(action);

describe('permissions', () => {
  it('depend on the role', () => {
    expect([may('listener', 'queue'), may('player', 'queue')]).toEqual([false, true]);
    expect([may('player', 'control_playback'), may('cohost', 'control_playback')]).toEqual([false, true]);
    expect([may('cohost', 'kick'), may('host', 'kick')]).toEqual([false, true]);
    expect(may('listener', 'vote')).toBe(true);
  });

  it('depend on the room’s table, and then on the member’s exceptions', () => {
    const table: Partial<Settings> = { permissions: { kick: 'cohost', chat: 'player' } };
    expect([may('cohost', 'kick', table), may('listener', 'chat', table)]).toEqual([true, false]);
    expect(may('listener', 'chat', table, { exceptions: { chat: true } })).toBe(true);
    expect(may('host', 'kick', {}, { exceptions: { kick: false } })).toBe(false);
  });

  it('keep fixed actions', () => {
    const table: Partial<Settings> = { permissions: { close_room: 'listener', transfer_host: 'listener' } };
    expect(may('cohost', 'close_room', table, { exceptions: { transfer_host: true } })).toBe(false);
    expect(may('cohost', 'transfer_host', table, { exceptions: { transfer_host: true } })).toBe(false);
    expect(lowestRole(settings(table), 'close_room')).toBe('host');
  });

  it('allow nothing to non-members', () => {
    expect(permissionsOf(undefined, settings())('vote')).toBe(false);
    expect(permissionsOf(member('ana', 'host'), undefined)('vote')).toBe(false);
  });

  it('distinguish adding from suggesting', () => {
    const asked = settings({ suggestions: true });
    const [listener, cohost] = [member('ana', 'listener'), member('ben', 'cohost')];
    const of = (who: Member, set: Settings) => {
      const theirs = permissionsOf(who, set);
      return [mayAdd(theirs, set), onlySuggests(theirs, set), mayPlay(theirs, set)];
    };
    expect(of(listener, settings())).toEqual([false, false, false]);
    expect(of(listener, asked)).toEqual([true, true, true]);
    expect(of(cohost, asked)).toEqual([true, false, true]);
  });
});
