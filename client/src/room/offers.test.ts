import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import {
  COMMANDS,
  type Command,
  type Entry,
  type EntryCommand,
  type Member,
  type Note,
  type Settings,
} from '$protocol';
import { entry, member, room } from '../testing/fixtures';
import { grantableRoles, isOffered, type Known } from './offers';
import { nothingOwn, ownIn, ownOf } from './own';

/** What a page knows before a member's step, and whether the server accepts it, as written by the server's tests. */
interface Case {
  members: Record<string, Member>;
  settings: Settings;
  owner?: string;
  waitlist: string[];
  now_playing?: string;
  /** Owners of entries, by entry. */
  upcoming: Record<string, string>;
  suggestions: Record<string, string>;
  queue: Record<string, string>;
  queue_hidden: boolean;
  may: EntryCommand[];
  notes: Note[];
  host_gone_ms?: number;
  me: string;
  command: Command;
  accepted: boolean;
}

interface Step {
  before: string;
  step: string;
  first: unknown;
  cases: unknown[];
}

const file = new URL('../../../src/room/state/tests/offers.json', import.meta.url);
const { base, steps } = JSON.parse(readFileSync(file, 'utf8')) as { base: Case; steps: Step[] };

/** A JSON merge patch (RFC 7386). */
function patched(value: unknown, patch: unknown): unknown {
  if (!isObject(patch)) return patch;
  const merged: Record<string, unknown> = isObject(value) ? { ...value } : {};
  for (const [key, change] of Object.entries(patch)) {
    if (change === null) delete merged[key];
    else merged[key] = patched(merged[key], change);
  }
  return merged;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function knownIn(one: Case): Known {
  const { me, settings, notes, may, queue_hidden } = one;
  const known = room({
    members: Object.values(one.members),
    settings,
    owner: one.owner ?? null,
    line: one.waitlist,
    upcoming: entries(one.upcoming),
    suggestions: entries(one.suggestions),
  });
  const own = ownOf({ offset: 0, queue: entries(one.queue), votes: {}, queue_hidden, may });
  return { room: known, me, own: ownIn(own, known, me), notes, hostGoneMs: one.host_gone_ms ?? null };
}

function entries(owners: Record<string, string>): Entry[] {
  return Object.entries(owners).map(([id, owner]) => entry(id, owner));
}

describe('what a page offers', () => {
  const cases = steps.flatMap(({ before, step, first, cases }) =>
    cases.map((patch) => ({ before, step, one: patched(patched(base, first), patch) as Case })),
  );

  it.each(steps.map(({ before, step }, index) => ({ before, step, index })))(
    'is what the server accepts: $before; $step',
    ({ before, step }) => {
      for (const { one } of cases.filter((each) => each.before === before && each.step === step)) {
        const known = knownIn(one);
        const about = { role: one.members[one.me]?.role, settings: one.settings, may: known.own.may };
        expect(isOffered(known, one.command), JSON.stringify(about)).toBe(one.accepted);
      }
    },
  );

  it('covers every command, offered and not', () => {
    const asked = new Set(cases.map(({ one }) => one.command.name));
    expect([...asked].sort()).toEqual([...COMMANDS].sort());
    expect(cases.length).toBeGreaterThan(1_000);
  });

  it('is nothing for non-members', () => {
    const stranger = { ...knownIn(base), me: 'stranger' };
    expect(cases.some(({ one }) => isOffered(stranger, one.command))).toBe(false);
  });

  it('acts on no one of the same rank, and grants no role that the member cannot grant', () => {
    const people = [member('ana', 'host'), member('ben', 'cohost'), member('cleo', 'cohost'), member('dan')];
    const table = { ...room().settings, permissions: { mute: 'player', set_role: 'cohost' } as const };
    const as = (me: string): Known => {
      return { room: room({ members: people, settings: table }), me, own: nothingOwn, notes: [], hostGoneMs: null };
    };
    const mutes = (me: string, id: string) => isOffered(as(me), { name: 'mute', member: id, muted: true });
    expect([mutes('ben', 'dan'), mutes('ben', 'ana'), mutes('ben', 'cleo')]).toEqual([true, false, false]);
    expect([mutes('ana', 'cleo'), mutes('dan', 'ben'), mutes('ana', 'eve')]).toEqual([true, false, false]);
    expect([grantableRoles(people[0]!), grantableRoles(people[1]!)]).toEqual([
      ['cohost', 'player', 'listener'],
      ['player', 'listener'],
    ]);
    expect(isOffered(as('ben'), { name: 'set_role', member: 'dan', role: 'cohost' })).toBe(false);
  });

  it('falls back to permissions with a server that does not say what it accepts', () => {
    const known: Known = {
      room: room({ now_playing: entry('e', 'ben') }),
      me: 'ana',
      own: nothingOwn,
      notes: [],
      hostGoneMs: null,
    };
    expect(isOffered(known, { name: 'skip' })).toBe(true);
    expect(isOffered({ ...known, me: 'ben' }, { name: 'skip' })).toBe(false);
    expect(isOffered({ ...known, me: 'ben' }, { name: 'vote_skip' })).toBe(true);
  });
});
