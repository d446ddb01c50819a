import { describe, expect, it } from 'vitest';
import type { Member, Room } from '$protocol';
import { member, room, settings } from '../testing/fixtures';
import { claimOf as claimIn } from './claim';
import type { Known } from './offers';
import { nothingOwn } from './own';

const MINUTE_MS = 60_000;
const as = (role: Member['role'], change = {}) =>
  room({ members: [member('ana', 'host'), member('ben', role)], settings: settings(), ...change });

const claimOf = (room: Room, me: string, hostGoneMs: Known['hostGoneMs']) =>
  claimIn({ room, me, own: nothingOwn, notes: [], hostGoneMs });

describe('taking a room over', () => {
  it('is offered to a co-host once the host is absent long enough', () => {
    const room = as('cohost');
    expect(claimOf(room, 'ben', null)).toBeNull();
    expect(claimOf(room, 'ben', 5_000)).toBeNull();
    expect(claimOf(room, 'ben', MINUTE_MS)).toEqual({ name: 'soon', leftMs: 9 * MINUTE_MS });
    expect(claimOf(room, 'ben', 10 * MINUTE_MS)).toEqual({ name: 'take' });
    expect(claimOf(room, 'ben', 'unknown')).toEqual({ name: 'take' });
  });

  it('is not offered to other roles, or where claiming is off', () => {
    expect(claimOf(as('player'), 'ben', 'unknown')).toBeNull();
    expect(claimOf(as('cohost'), 'ana', 'unknown')).toBeNull();
    expect(claimOf(as('cohost', { settings: settings({ host_claim_after_ms: 0 }) }), 'ben', 'unknown')).toBeNull();
  });

  it('is always offered to the member it was claimed from', () => {
    expect(claimOf(as('player', { owner: 'ben' }), 'ben', null)).toEqual({ name: 'back' });
  });
});
