import { plural, select, t } from '@lingui/core/macro';
import { ACTIONS, type Action, type ReasonValue, ROLES, type Role } from '$protocol';
import type { ReasonValues } from '../session/http';
import { waitingTime } from './common';
import { addReasons, type LaterReason, type Sentence, sentenceIn, withNumber } from './failures';

/** Texts about the reasons of refused commands and failed requests, and about the server's notices. */

/** Names that are the same in every language. */
const brands: Record<string, string> = { spotify: 'Spotify' };

const byReason: Record<LaterReason, Sentence> = {
  room_closed: t`The room was closed.`,
  not_a_member: t`You are no longer in this room.`,
  role_too_low: ({ action, lowest_role }) =>
    isAction(action) && isRole(lowest_role) ? roleTooLow(action, lowest_role) : null,
  permission_withheld: ({ action }) => (isAction(action) ? permissionWithheld(action) : null),
  only_the_host: t`Only the host can do that to a co-host.`,
  no_such_member: t`This person is no longer in the room.`,
  no_such_entry: t`This track is no longer in the queue.`,
  no_such_track: t`This track is no longer available.`,
  track_gone: t`The file of this track is no longer on the server.`,
  segment_past_end: t`The track has ended.`,
  not_the_same_queue: t`The track can’t be moved there.`,
  about_to_start: t`This track is about to start, so it can’t be changed.`,
  nothing_on: t`Nothing is playing.`,
  entry_over: t`This track is already over.`,
  beyond_the_end: t`The track is not that long.`,
  not_oneself: t`You can’t do this to yourself.`,
  host_stays: t`The host can’t leave or be removed. Hand over the room first.`,
  hand_over_instead: t`To make someone the host, hand over the room.`,
  queue_full: t`Your queue is full.`,
  room_queue_full: t`The room’s queues are full.`,
  room_full: t`The room is full.`,
  banned: t`You’ve been banned from this room.`,
  in_lobby: t`You are waiting to be let in.`,
  room_locked: t`The room is locked: no one new can join.`,
  account_needed: t`This room needs an account.`,
  not_admitted: t`You were not let in this time.`,
  lobby_full: t`The lobby is full. Try again later.`,
  not_in_lobby: t`This person is no longer in the lobby.`,
  too_many_banned: t`No more people can be banned. Lift another ban first.`,
  not_banned: t`This person is not banned.`,
  banned_meanwhile: t`This person was banned in the meantime.`,
  no_such_suggestion: t`This suggestion was already decided or withdrawn.`,
  too_many_suggestions: t`Too many suggestions are waiting. Try again later.`,
  too_many_devices: ({ max }) =>
    withNumber(max, (n) => t`No more than ${plural(n, { one: '# device', other: '# devices' })} can be listed.`),
  too_many_entries: ({ max }) =>
    withNumber(max, (n) => t`You can have ${plural(n, { one: 'one track', other: '# tracks' })} waiting at a time.`),
  too_many_minutes: ({ max }) =>
    withNumber(
      max,
      (n) => t`You can have ${plural(n, { one: 'one minute', other: '# minutes' })} of music waiting at a time.`,
    ),
  duplicate_track: t`This track is already waiting or playing.`,
  track_cooldown: ({ left_ms }) =>
    withTime(left_ms, (time) => t`This track was played recently. It can repeat in ${time}.`),
  artist_cooldown: ({ left_ms }) =>
    withTime(left_ms, (time) => t`This artist was played recently. Try again in ${time}.`),
  track_too_long: ({ max_ms }) => withTime(max_ms, (time) => t`Tracks here can’t be longer than ${time}.`),
  explicit_track: t`Explicit tracks are not allowed in this room.`,
  track_blocked: t`The host has blocked this track.`,
  artist_blocked: t`The host has blocked this artist.`,
  bad_setting: t`A setting can’t have this value.`,
  fixed_action: t`This permission can’t be changed.`,
  bad_vote: t`This vote is not valid.`,
  own_track: t`You can’t vote for your own track.`,
  too_many_votes: t`This track has the maximum number of votes.`,
  skip_votes_off: t`Votes don’t skip tracks in this room.`,
  not_in_waitlist: t`You are not in line.`,
  nothing_to_undo: t`This can no longer be undone.`,
  host_is_here: t`The host is here, so the room can’t be taken over.`,
  claim_too_early: ({ left_ms }) =>
    withTime(left_ms, (time) => t`You can take over the room in ${time} if the host stays away.`),
  claiming_off: t`This room can’t be taken over.`,
  muted: t`You are muted: others don’t see your messages.`,
  bad_text: ({ max }) =>
    withNumber(
      max,
      (n) => t`A message is one line of up to ${plural(n, { one: '# character', other: '# characters' })}.`,
    ),
  unknown_command: t`The server doesn’t know this command. Reload the page to update it.`,
  too_many_commands: t`That was too fast. Wait a few seconds and try again.`,
  too_many_tracks: ({ max }) =>
    withNumber(max, (n) => t`The playlist can have ${plural(n, { one: '# track', other: '# tracks' })}.`),
  not_stored: t`The server can’t save anything right now. Try again in a moment.`,
  provider_not_linked: ({ provider }) =>
    withProvider(provider, (name) => t`${name} works when you or the host has linked an account.`),
  track_unplayable: ({ provider }) =>
    provider === 'library'
      ? t`The library can’t play this track here.`
      : withProvider(provider, (name) => t`${name} can’t play this track here.`),
  track_plays: t`The server can play this track, so it was not skipped. The problem is on this device.`,
  provider_busy: ({ provider }) =>
    withProvider(provider, (name) => t`${name} has reached its rate limit. Try again in a while.`),
  provider_unavailable: ({ provider }) =>
    provider === 'library'
      ? t`The library can’t be reached. Try again in a moment.`
      : withProvider(provider, (name) => t`${name} can’t be reached. Try again in a moment.`),
  provider_login_needed: ({ provider }) =>
    withProvider(provider, (name) => t`${name} needs you to log in again. You can do that in your profile.`),
  subscription_needed: ({ provider }) =>
    withProvider(
      provider,
      (name) => t`${name} needs a Premium subscription to play on your own device. Everything else works without it.`,
    ),
  provider_account_not_allowed: ({ provider }) =>
    withProvider(provider, (name) => t`${name} doesn’t let your account use this server’s app.`),
  no_linked_account: ({ provider }) =>
    withProvider(provider, (name) => t`${name} is not linked. You can link it in your profile.`),
  provider_device_not_found: ({ provider }) =>
    withProvider(provider, (name) => t`${name} doesn’t see this device. Open its app there and try again.`),
  provider_account_in_use: ({ provider }) =>
    withProvider(provider, (name) => t`Your ${name} account is used elsewhere.`),
  bad_search: t`This search isn’t possible. Try other words.`,
  no_such_room: t`There is no such room.`,
  bad_username: ({ min, max }) =>
    withNumber(min, (least) =>
      withNumber(
        max,
        (most) => t`A user name has ${least} to ${most} letters a to z, digits, dots, dashes or underscores.`,
      ),
    ),
  bad_password: ({ min, max }) =>
    withNumber(min, (least) =>
      withNumber(max, (most) => t`A password has ${least} to ${plural(most, { one: '# byte', other: '# bytes' })}.`),
    ),
  track_not_in_room: t`This track is not on in your room.`,
  weak_password: t`This password is too easy to guess. Use a few words that do not belong together.`,
  wrong_credentials: t`User name and password do not match.`,
  wrong_password: t`The current password is wrong.`,
  login_needed: t`You are no longer logged in. Join or log in again.`,
  username_taken: t`This user name is taken. Choose another one.`,
  already_logged_in: t`You already have an account.`,
  linked_elsewhere: t`This account is linked to someone else here.`,
  no_such_screen: t`This screen is no longer connected to the room.`,
  too_many_screens: ({ max }) =>
    withNumber(max, (most) => plural(most, { other: 'The room has # screens already. Remove one first.' })),
  screen_only_shows: t`A screen only shows the room.`,
  registration_closed: t`This server takes no new accounts.`,
  invitation_needed: t`New accounts here need an invitation from an operator.`,
  invitation_void: t`This invitation was used or withdrawn, or has expired. Ask for a new one.`,
  not_an_operator: t`Only operators of this server can do that.`,
  operator_protected: t`Operators can only be changed from the command line.`,
  no_such_person: t`This person no longer exists.`,
  no_password: t`This needs an account with a user name and a password.`,
  link_void: t`This link was used already, or has expired. Ask for a new one.`,
  no_such_device_code: t`No device shows this code. Check it, or get a new one on your other device.`,
  device_code_used: t`This code was used already, and it works only once. Get a new one on your other device.`,
  device_code_expired: t`This code has expired. Get a new one on your other device.`,
};

addReasons(byReason);

const byNotice: Record<string, Sentence> = {
  draining: t`The server is restarting. You will be back in a moment.`,
  spotify_busy: ({ left_ms }) =>
    withTime(left_ms, (time) => t`This server has reached Spotify’s rate limit for ${time}. Everything else works.`),
};

/** The sentences name the actions themselves: in other languages the forms differ. */
function roleTooLow(action: Action, role: Role): string {
  return t`Only ${select(role, {
    listener: 'members',
    player: 'players, co-hosts and the host',
    cohost: 'co-hosts and the host',
    other: 'the host',
  })} can ${select(action, {
    queue: 'add tracks',
    suggest: 'suggest tracks',
    vote: 'vote for tracks',
    vote_skip: 'vote to skip',
    chat: 'chat',
    curate_queue: 'change other people’s queues',
    control_playback: 'control playback',
    set_output: 'choose which devices play',
    skip: 'skip other people’s tracks',
    approve: 'approve suggestions',
    admit: 'let people in',
    lock: 'lock the room',
    mute: 'mute people',
    see_audit: 'see the log',
    set_role: 'change roles',
    kick: 'remove people',
    ban: 'ban people',
    set_settings: 'change the settings',
    see_passcode: 'see the passcode',
    manage_screens: 'connect screens',
    set_permissions: 'change permissions',
    claim_host: 'take over the room',
    transfer_host: 'hand over the room',
    close_room: 'close the room',
    other: 'do that',
  })}.`;
}

function permissionWithheld(action: Action): string {
  return t`The host doesn’t allow you to ${select(action, {
    queue: 'add tracks',
    suggest: 'suggest tracks',
    vote: 'vote for tracks',
    vote_skip: 'vote to skip',
    chat: 'chat',
    curate_queue: 'change other people’s queues',
    control_playback: 'control playback',
    set_output: 'choose which devices play',
    skip: 'skip other people’s tracks',
    approve: 'approve suggestions',
    admit: 'let people in',
    lock: 'lock the room',
    mute: 'mute people',
    see_audit: 'see the log',
    set_role: 'change roles',
    kick: 'remove people',
    ban: 'ban people',
    set_settings: 'change the settings',
    see_passcode: 'see the passcode',
    manage_screens: 'connect screens',
    set_permissions: 'change permissions',
    claim_host: 'take over the room',
    transfer_host: 'hand over the room',
    close_room: 'close the room',
    other: 'do that',
  })}.`;
}

/** A notice of the server; `null` for one that only a newer server sends. */
export function noticeText(code: string, values: ReasonValues = {}): string | null {
  return sentenceIn(byNotice, code, values);
}

function isAction(value: ReasonValue | undefined): value is Action {
  return typeof value === 'string' && Object.hasOwn(ACTIONS, value);
}

function isRole(value: ReasonValue | undefined): value is Role {
  return ROLES.some((role) => role === value);
}

function nameIn(names: Record<string, string>, value: ReasonValue | undefined): string | null {
  return typeof value === 'string' && Object.hasOwn(names, value) ? names[value]! : null;
}

function withTime(value: ReasonValue | undefined, sentence: (time: string) => string): string | null {
  return withNumber(value, (ms) => sentence(waitingTime(ms)));
}

function withProvider(value: ReasonValue | undefined, sentence: (name: string) => string): string {
  return sentence(
    nameIn(brands, value) ??
      t({ message: 'The provider', comment: 'In place of the name of an unknown music service.' }),
  );
}
