import { describe, expect, it } from 'vitest';
import type { Event, Member, Room } from '$protocol';
import { entry, idle, member, playing, room, settings, track } from '../testing/fixtures';
import { applyPresence } from './presence';
import { applyDelta, type Delta, identityAfter } from './room';

const delta = (events: Event[], more: Partial<Delta> = {}): Delta => ({
  type: 'delta',
  position: { epoch: 1, offset: events.length },
  events,
  ...more,
});
const follow = (before: Room, ...events: Event[]) => applyDelta(before, delta(events))!;
const ids = (list: { id: string }[] | undefined) => list?.map(({ id }) => id);
const people = (events: Event[]) =>
  applyDelta(room(), delta(events))?.members.map(({ name, role, away }) => `${name} ${role}${away ? ' away' : ''}`);

describe('room', () => {
  it('follows members as they join, change and leave', () => {
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

  it('shows a picture until it is removed', () => {
    const change = { name: 'member_changed', member: 'ben', member_name: 'Ben', kind: 'user' } as const;
    const shown = applyDelta(room(), delta([{ ...change, picture: '/pictures/ben' }]))!;
    expect(shown.members[1]).toMatchObject({ kind: 'user', picture: '/pictures/ben', role: 'player' });
    expect(applyDelta(shown, delta([change]))?.members[1]?.picture).toBeNull();
  });

  it('replaces a guest with the account they logged in to', () => {
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

  it('corrects a measured track where it is, and touches no other entry', () => {
    const tune = track('tune');
    const before = room({
      now_playing: { ...entry('f', 'nil-user'), fallback: true, track: tune },
      playback: playing('f', 0),
      upcoming: [entry('a', 'ana'), entry('b', 'ben')],
      fallback: [tune, track('other')],
    });
    const waiting = follow(before, { name: 'track_measured', entry: 'b', duration_ms: 200_500, gain_db: -6.5 });
    const { art_url } = before.upcoming[1]!.track;
    expect(waiting.upcoming[1]?.track).toMatchObject({ duration_ms: 200_500, gain_db: -6.5, art_url });
    expect(waiting.upcoming[0]).toBe(before.upcoming[0]);
    expect([waiting.now_playing, waiting.playback]).toEqual([before.now_playing, before.playback]);
    const on = follow(before, { name: 'track_measured', entry: 'f', duration_ms: 90_000, art_url: '/new' });
    expect(on.now_playing?.track).toMatchObject({ duration_ms: 90_000, gain_db: null, art_url: '/new' });
    expect(on.fallback?.map(({ duration_ms }) => duration_ms)).toEqual([90_000, 180_000]);
    expect(follow(before, { name: 'track_measured', entry: 'gone', duration_ms: 1 }).upcoming).toEqual(before.upcoming);
  });

  it('knows the id of a guest after login', () => {
    const events: Event[] = [
      { name: 'next_locked', entry: 'a' },
      { name: 'member_merged', from: 'ben', to: member('cleo') },
    ];
    expect(identityAfter(events, 'ben')).toBe('cleo');
    expect(identityAfter(events, 'ana')).toBe('ana');
    expect(identityAfter(events, null)).toBeNull();
  });

  it('moves from one entry to the next in one delta', () => {
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

  it('is idle when nothing follows', () => {
    const before = room({ now_playing: entry('a', 'ana'), playback: playing('a', 0) });
    const events: Event[] = [
      { name: 'entry_ended', entry: 'a', reason: 'finished', played_ms: 5 },
      { name: 'playback_changed', playback: idle },
    ];
    expect(applyDelta(before, delta(events))).toMatchObject({ now_playing: null, playback: { state: 'idle' } });
  });

  it('keeps the order of play unless the delta carries a new one', () => {
    const before = room({ upcoming: [entry('a', 'ana')], upcoming_total: 1 });
    expect(applyDelta(before, delta([{ name: 'next_locked', entry: 'a' }]))?.upcoming).toHaveLength(1);
    expect(applyDelta(before, delta([], { upcoming: [], upcoming_total: 0 }))).toMatchObject({
      upcoming: [],
      upcoming_total: 0,
    });
  });

  it('knows which devices play', () => {
    const output = { mode: 'speakers' as const, devices: ['one'] };
    expect(follow(room(), { name: 'output_changed', output, by: 'ana' }).output).toEqual(output);
  });

  it('follows mutes, pauses and permissions', () => {
    const changed = follow(
      room(),
      { name: 'member_muted', member: 'ben', muted: true, by: 'ana' },
      { name: 'queue_paused', member: 'ben', paused: true, by: 'ben' },
      { name: 'permission_changed', member: 'ben', action: 'chat', allowed: false, by: 'ana' },
      { name: 'permission_changed', member: 'ben', action: 'skip', allowed: true, by: 'ana' },
    );
    expect(changed.members[1]).toMatchObject({ muted: true, paused: true, exceptions: { chat: false, skip: true } });
    const back = follow(changed, { name: 'permission_changed', member: 'ben', action: 'chat', by: 'ana' });
    expect(back.members[1]?.exceptions).toEqual({ skip: true });
    const host = follow(back, { name: 'host_transferred', from: 'ana', to: 'ben' });
    expect(host.members[1]).toMatchObject({ role: 'host', exceptions: {} });
  });

  it('merges settings, tables key by key', () => {
    const before = room({ settings: settings({ weights: { ana: 200 }, permissions: { kick: 'host' } }) });
    const change: Event = {
      name: 'settings_changed',
      settings: { policy: 'votes', weights: { ben: 50 }, permissions: { ban: 'cohost' }, players_max: null },
      by: 'ana',
    };
    expect(follow(before, change).settings).toMatchObject({
      policy: 'votes',
      weights: { ana: 200, ben: 50 },
      permissions: { kick: 'host', ban: 'cohost' },
      players_max: 0,
    });
  });

  it('follows its name; its passcode is not part of it', () => {
    const renamed = follow(room(), { name: 'room_renamed', room_name: 'Attic', by: 'ana' });
    expect(renamed.name).toBe('Attic');
    expect(follow(renamed, { name: 'passcode_changed', has_passcode: true, by: 'ana' })).toEqual(renamed);
  });

  it('is locked while admission is locked', () => {
    const admission = (admission: 'locked' | 'lobby'): Event => ({
      name: 'settings_changed',
      settings: { admission },
      by: 'ana',
    });
    const locked = follow(room(), admission('locked'));
    expect(locked.locked).toBe(true);
    expect(follow(locked, admission('lobby')).locked).toBe(false);
  });

  it('keeps the fallback playlist when other settings change', () => {
    const { track } = entry('f', 'ana');
    const ref = { provider: track.provider, id: track.id };
    const set = follow(room(), {
      name: 'settings_changed',
      settings: { fallback: [ref] },
      fallback: [track],
      by: 'ana',
    });
    const more = follow(set, { name: 'settings_changed', settings: { policy: 'fifo' }, by: 'ana' });
    expect([more.fallback, more.settings.fallback]).toEqual([[track], [ref]]);
  });

  it('follows the lobby', () => {
    const waiting = follow(
      room(),
      { name: 'lobby_entered', person: member('cleo') },
      { name: 'lobby_entered', person: member('dora') },
      { name: 'lobby_entered', person: { ...member('cleo'), name: 'Cleopatra' } },
    );
    expect(waiting.lobby?.map(({ name }) => name)).toEqual(['Dora', 'Cleopatra']);
    const admitted = follow(
      waiting,
      { name: 'lobby_left', person: 'dora', admitted: true, by: 'ana' },
      { name: 'member_joined', member: member('dora') },
    );
    expect([ids(admitted.lobby), ids(admitted.members)]).toEqual([['cleo'], ['ana', 'ben', 'dora']]);
    expect(follow(waiting, { name: 'member_banned', member: 'cleo', by: 'ana' })).toMatchObject({
      lobby: [{ id: 'dora' }],
      banned: [{ id: 'cleo', name: 'Cleopatra' }],
    });
  });

  it('follows bans and their lifting', () => {
    const before = room({ suggestions: [entry('s', 'ben')], owner: 'ben' });
    const out = follow(before, { name: 'member_banned', member: 'ben', by: 'ana' });
    expect(out).toMatchObject({ suggestions: [], owner: null, banned: [{ id: 'ben', name: 'Ben', role: 'listener' }] });
    expect(ids(out.members)).toEqual(['ana']);
    expect(follow(out, { name: 'ban_lifted', member: 'ben', by: 'ana' }).banned).toEqual([]);
  });

  it('restores a member when a kick is undone', () => {
    const out = follow(room(), { name: 'member_kicked', member: 'ben', by: 'ana' });
    const back = follow(out, { name: 'undone', note: 7, by: 'ana', member: member('ben', 'listener') });
    expect(back.members[1]).toMatchObject({ id: 'ben', role: 'listener' });
    expect(follow(back, { name: 'undone', note: 8, by: 'ana', member: member('ben') }).members).toHaveLength(2);
    expect(follow(back, { name: 'undone', note: 9, by: 'ana' }).members).toHaveLength(2);
  });

  it('keeps suggestions until they are decided', () => {
    const suggested = follow(
      room(),
      { name: 'entry_suggested', entry: entry('s', 'ben') },
      { name: 'entry_suggested', entry: entry('t', 'ben') },
    );
    const left = follow(suggested, { name: 'suggestion_approved', entry: 's', by: 'ana' });
    expect([ids(suggested.suggestions), ids(left.suggestions)]).toEqual([['s', 't'], ['t']]);
    expect(follow(left, { name: 'suggestion_rejected', entry: 't', by: 'ben' }).suggestions).toEqual([]);
    expect(follow(suggested, { name: 'member_left', member: 'ben' }).suggestions).toEqual([]);
  });

  it('counts skip votes for the current entry only', () => {
    const before = room({ now_playing: entry('a', 'ana'), playback: playing('a', 0) });
    const voted = follow(before, { name: 'skip_voted', entry: 'a', member: 'ben', votes: 1, needed: 2 });
    expect(voted.skip_votes).toEqual(['ben']);
    expect(follow(voted, { name: 'entry_ended', entry: 'a', reason: 'voted_out', played_ms: 5 }).skip_votes).toEqual(
      [],
    );
    expect(follow(voted, { name: 'member_merged', from: 'ben', to: member('cleo') }).skip_votes).toEqual(['cleo']);
  });

  it('remembers the owner until they have the room back', () => {
    const claimed = follow(room(), { name: 'host_claimed', from: 'ana', to: 'ben' });
    expect(claimed).toMatchObject({ owner: 'ana', members: [{ role: 'cohost' }, { role: 'host' }] });
    expect(follow(claimed, { name: 'host_claimed', from: 'ben', to: 'ana' }).owner).toBeNull();
    expect(follow(claimed, { name: 'host_transferred', from: 'ben', to: 'cleo' }).owner).toBe('ana');
    expect(follow(claimed, { name: 'host_transferred', from: 'ben', to: 'ana' }).owner).toBeNull();
    expect(follow(claimed, { name: 'member_left', member: 'ana' }).owner).toBeNull();
  });

  it('removes erased members everywhere, and renames merged ones', () => {
    const on = { ...entry('a', 'ana'), credits: ['ben', 'cleo'] };
    const before = room({ now_playing: on, settings: settings({ weights: { ben: 50 } }), skip_votes: ['ben'] });
    const merged = follow(before, { name: 'member_merged', from: 'ben', to: member('cleo') });
    expect(merged.now_playing?.credits).toEqual(['cleo']);
    expect(merged.settings.weights).toEqual({ cleo: 50 });
    const forgotten = follow(before, { name: 'member_forgotten', member: 'ben' });
    expect(forgotten).toMatchObject({ now_playing: { credits: ['cleo'] }, settings: { weights: {} }, skip_votes: [] });
  });

  it('does not guess at an unknown event', () => {
    const strange = { name: 'room_painted', colour: 'blue' } as unknown as Event;
    expect(applyDelta(room(), delta([strange]))).toBeNull();
  });
});

describe('presence', () => {
  const device = { id: 'd', name: 'Firefox on Linux', kind: 'remote' } as const;

  it('is replaced by a full frame and updated by others', () => {
    const full = applyPresence(new Map(), {
      type: 'presence',
      full: true,
      members: [
        { member: 'ana', devices: [device], idle: true },
        { member: 'ben', devices: [device] },
      ],
    });
    const amended = applyPresence(full, { type: 'presence', full: false, members: [{ member: 'ben', devices: [] }] });
    expect([...amended.keys()]).toEqual(['ana']);
    expect(amended.get('ana')).toEqual({ devices: [device], idle: true });
    expect([...full.keys()]).toEqual(['ana', 'ben']);
    expect(applyPresence(amended, { type: 'presence', full: true, members: [] }).size).toBe(0);
  });
});
