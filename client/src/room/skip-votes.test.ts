import { describe, expect, it } from 'vitest';
import type { Room } from '$protocol';
import { member, room, settings } from '../testing/fixtures';
import type { Presence } from './presence';
import { skipVotesNeeded } from './skip-votes';

const here = (...ids: string[]): Presence => new Map(ids.map((id) => [id, { devices: [], idle: id.startsWith('~') }]));
const members = ['ana', 'ben', 'cleo', 'dora'].map((id) => member(id));
const needed = (presence: Presence, change: Partial<Room> = {}) =>
  skipVotesNeeded(room({ members, ...change }), presence, 'ana');

describe('votes to skip', () => {
  it('are a share of those who are present', () => {
    expect(needed(here('ana'))).toBe(1);
    expect(needed(here('ana', 'ben', 'cleo'))).toBe(2);
    expect(needed(here('ana', 'ben', 'cleo', 'dora'), { settings: settings({ vote_skip_share: 75 }) })).toBe(3);
    expect(needed(here('ana'), { settings: settings({ vote_skip_share: 0 }) })).toBeNull();
  });

  it('leave out who is idle, away, or may not vote, and count who voted and went', () => {
    const idle = new Map([...here('ana', 'ben'), ['cleo', { devices: [], idle: true }] as const]);
    expect(needed(idle)).toBe(1);
    expect(needed(idle, { skip_votes: ['cleo'] })).toBe(2);
    expect(needed(here('ana'), { skip_votes: ['cleo', 'dora'] })).toBe(3);
    const muzzled = members.map((one) => (one.id === 'ben' ? { ...one, exceptions: { vote_skip: false } } : one));
    expect(needed(here('ana', 'ben', 'cleo'), { members: muzzled })).toBe(1);
    const gone = members.map((one) => (one.id === 'ben' ? { ...one, away: true } : one));
    expect(needed(here('ana', 'ben', 'cleo'), { members: gone })).toBe(1);
  });
});
