import { describe, expect, it } from 'vitest';
import type { Event, Room } from '$protocol';
import { entry, member, playing, room, settings } from '../testing/fixtures';
import { memberName } from '../text/room';
import { groupedByKind, newsOf } from './news';
import { nothingOwn, type Own } from './own';
import { applyDelta } from './room';

const ana = { ...room(), members: [member('ana', 'host'), member('ben'), member('cleo', 'cohost')] };
const queued: Own = { ...nothingOwn, queue: [entry('b1', 'ben')] };

/** The messages that Ben sees. */
function ben(events: Event[], before: Room = ana, own: Own = queued) {
  const after = applyDelta(before, { type: 'delta', position: { epoch: 1, offset: 1 }, events })!;
  return newsOf({ before, after, own, me: 'ben' }, events, (one, id) => memberName(one.members, id));
}
const kinds = (...events: Event[]) => ben(events).map(({ kind }) => kind);

describe('news', () => {
  it('report what others did to the user’s music', () => {
    const removed = (id: string, owner: string): Event => {
      return { name: 'entry_removed', entry: id, by: 'ana', note: 9, removed: entry(id, owner) };
    };
    expect(ben([removed('b1', 'ben'), removed('c1', 'cleo')])).toEqual([
      { kind: 'removed', title: 'Title track-b1', by: 'Ana' },
    ]);
    expect(ben([{ name: 'queue_cleared', by: 'cleo' }])).toEqual([{ kind: 'cleared', by: 'Cleo' }]);
    const on = { ...ana, now_playing: entry('b0', 'ben') };
    const ended = { name: 'entry_ended', entry: 'b0', played_ms: 5 } as const;
    expect(ben([{ ...ended, reason: 'skipped', by: 'ana' }], on)).toMatchObject([{ kind: 'skipped', by: 'Ana' }]);
    expect(ben([{ ...ended, reason: 'voted_out' }], on)).toMatchObject([{ kind: 'voted_out' }]);
    expect(ben([{ ...ended, reason: 'finished' }], on)).toEqual([]);
    const suggested = { ...ana, suggestions: [entry('s', 'ben'), entry('t', 'cleo')] };
    expect(ben([{ name: 'suggestion_approved', entry: 's', by: 'ana' }], suggested)).toMatchObject([
      { kind: 'approved', title: 'Title track-s' },
    ]);
    expect(ben([{ name: 'suggestion_rejected', entry: 't', by: 'ana' }], suggested)).toEqual([]);
  });

  it('report that the user’s turn begins, and who put their track first', () => {
    const started = (id: string, owner: string): Event => {
      return { name: 'entry_started', entry: entry(id, owner), playback: playing(id, 0) };
    };
    const on = (owner: string) => ({ ...ana, now_playing: entry('x', owner) });
    expect(ben([started('b1', 'ben')], on('ana'))).toEqual([{ kind: 'on', title: 'Title track-b1' }]);
    expect(ben([started('b1', 'ben')], on('ben'))).toEqual([]);
    expect(ben([started('c1', 'cleo')], on('ana'))).toEqual([]);
    expect(ben([started('b1', 'ben')])).toEqual([]);
    const noted = (by: string): Event => {
      return { name: 'noted', note: { id: 1, at_ms: 0, by, deed: 'play_next', member: 'ben', title: 'Song' } };
    };
    expect(ben([noted('ana')])).toEqual([{ kind: 'put_first', title: 'Song', by: 'Ana' }]);
    expect(ben([noted('ben')])).toEqual([]);
  });

  it('report tracks that cannot be played: to everyone what was on, to its owner what waited', () => {
    const nilUser = '00000000-0000-0000-0000-000000000000';
    const removed = (id: string, owner: string, fault: 'unplayable' | 'gone'): Event => {
      return { name: 'entry_removed', entry: id, by: nilUser, removed: entry(id, owner), fault };
    };
    expect(
      ben([removed('b1', 'ben', 'gone'), removed('b2', 'ben', 'unplayable'), removed('c1', 'cleo', 'gone')]),
    ).toEqual([
      { kind: 'removed_gone', title: 'Title track-b1' },
      { kind: 'removed_unplayable', title: 'Title track-b2' },
    ]);
    const on = { ...ana, now_playing: entry('c0', 'cleo') };
    const ended = { name: 'entry_ended', entry: 'c0', played_ms: 5 } as const;
    expect(ben([{ ...ended, reason: 'gone' }], on)).toEqual([{ kind: 'gone', title: 'Title track-c0' }]);
    expect(ben([{ ...ended, reason: 'unplayable' }], on)).toEqual([{ kind: 'unplayable', title: 'Title track-c0' }]);
    expect(ben([{ ...ended, reason: 'voted_out' }], on)).toEqual([]);
    const fallback = { ...ana, now_playing: { ...entry('c0', nilUser), fallback: true } };
    expect(ben([{ ...ended, reason: 'gone' }], fallback)).toMatchObject([{ kind: 'gone' }]);
  });

  it('report changes of the user’s own rights only', () => {
    expect(
      kinds(
        { name: 'role_changed', member: 'ben', role: 'listener', by: 'ana' },
        { name: 'member_muted', member: 'ben', muted: true, by: 'ana' },
        { name: 'member_muted', member: 'cleo', muted: true, by: 'ana' },
        { name: 'permission_changed', member: 'ben', action: 'chat', allowed: false, by: 'ana' },
        { name: 'queue_paused', member: 'ben', paused: false, by: 'ana' },
        { name: 'host_transferred', from: 'ana', to: 'cleo' },
        { name: 'settings_changed', settings: { policy: 'votes', suggestions: true }, by: 'ana' },
        { name: 'settings_changed', settings: { debt_max_ms: 1 }, by: 'ana' },
      ),
    ).toEqual(['role', 'muted', 'permission', 'resumed', 'new_host', 'policy', 'suggestions']);
  });

  it('omit the user’s own actions', () => {
    expect(
      kinds(
        { name: 'entry_removed', entry: 'b1', by: 'ben' },
        { name: 'queue_cleared', member: 'ben', by: 'ben' },
        { name: 'queue_cleared', member: 'cleo', by: 'ana' },
        { name: 'queue_paused', member: 'ben', paused: true, by: 'ben' },
        { name: 'settings_changed', settings: { policy: 'votes' }, by: 'ben' },
        { name: 'host_claimed', from: 'ana', to: 'ben' },
        { name: 'undone', note: 3, by: 'ben', member: member('cleo') },
      ),
    ).toEqual([]);
  });

  it('report who took over the room', () => {
    expect(ben([{ name: 'host_transferred', from: 'ana', to: 'ben' }])).toEqual([{ kind: 'made_host', by: 'Ana' }]);
    expect(ben([{ name: 'host_claimed', from: 'ana', to: 'cleo' }])).toEqual([{ kind: 'new_host', name: 'Cleo' }]);
    const host = { ...ana, members: [member('ben', 'host'), member('cleo', 'cohost')] };
    expect(ben([{ name: 'host_claimed', from: 'ben', to: 'cleo' }], host)).toEqual([{ kind: 'claimed', by: 'Cleo' }]);
    const claimed = { ...host, owner: 'cleo' };
    expect(ben([{ name: 'host_claimed', from: 'ben', to: 'cleo' }], claimed)).toMatchObject([{ kind: 'taken_back' }]);
  });

  it('report a new name of the room', () => {
    const renamed = (by: string): Event => ({ name: 'room_renamed', room_name: 'Attic', by });
    expect(ben([renamed('ana')])).toEqual([{ kind: 'room_renamed', name: 'Attic', by: 'Ana' }]);
    expect(ben([renamed('ben'), { name: 'passcode_changed', has_passcode: true, by: 'ana' }])).toEqual([]);
  });

  it('report newcomers to members who may admit them', () => {
    const waits: Event = { name: 'lobby_entered', person: member('dora') };
    expect(ben([waits])).toEqual([]);
    const trusted = { ...ana, settings: settings({ permissions: { admit: 'player' } }) };
    expect(ben([waits], trusted)).toEqual([{ kind: 'waits', name: 'Dora' }]);
    expect(ben([waits], { ...trusted, lobby: [member('dora')] })).toEqual([]);
  });

  it('are grouped by kind, latest kinds only', () => {
    const [muted, cleared] = [{ kind: 'muted', by: 'Ana' } as const, { kind: 'cleared', by: 'Ana' } as const];
    const waits = (name: string) => ({ kind: 'waits', name }) as const;
    expect(groupedByKind([waits('Dora'), muted, waits('Eve')], 3)).toEqual([[muted], [waits('Dora'), waits('Eve')]]);
    expect(groupedByKind([muted, cleared, waits('Dora')], 2)).toEqual([[cleared], [waits('Dora')]]);
  });

  it('report undone actions', () => {
    expect(ben([{ name: 'undone', note: 7, by: 'ana', owners: ['cleo', 'ben'] }])).toEqual([
      { kind: 'put_back', by: 'Ana' },
    ]);
    expect(ben([{ name: 'undone', note: 7, by: 'ana', owners: ['cleo'] }])).toEqual([]);
    expect(ben([{ name: 'undone', note: 8, by: 'ana', member: member('dora') }])).toEqual([
      { kind: 'back', name: 'Dora', by: 'Ana' },
    ]);
  });
});
