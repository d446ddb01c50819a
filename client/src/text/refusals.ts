import type { Action, Reason, ReasonValue, Role } from '$protocol';
import type { RefusalCode } from '../connection/command-queue';
import type { FailureCode, ReasonValues } from '../session/http';
import { text, waitingTime } from './common';

/**
 * Texts about refused commands, failed requests and the server's notices. The server sends codes, reasons and values; its
 * own English sentences are for other programs, and no page shows them.
 */

/** Used when there is no reason, or only a newer server knows it. */
const byCode: Record<RefusalCode | FailureCode, string> = {
  forbidden: 'You don’t have permission to do that in this room.',
  not_found: 'That no longer exists.',
  invalid: 'That isn’t possible.',
  conflict: 'Something changed in the meantime. Look again, then retry.',
  limit_reached: 'You have reached a limit of this room.',
  duplicate_track: 'This track is already in the queue.',
  cooldown: 'That was played recently. Try again later.',
  unavailable: 'The server can’t save anything right now. Try again in a moment.',
  rate_limited: 'That was too fast. Wait a few seconds and try again.',
  premium_required: 'This needs Spotify Premium.',
  needs_login: 'Spotify needs you to log in again. You can do that in your profile.',
  too_large: 'That is too long.',
  internal: 'Something went wrong on the server. The error was logged.',
  command_queue_full: 'Too many actions are waiting to be sent. They go out when the connection is back.',
  expired: 'You were offline, so this was not done. Try again.',
  outcome_unknown: 'You were offline for so long that this may or may not have been done. Check before you try again.',
  closed: 'You left the room before this was done.',
  unauthenticated: 'This browser is no longer logged in. Join or log in again.',
  offline: 'The server can’t be reached. Check your network and try again.',
};

const actions: Record<Action, string> = {
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
  set_permissions: 'change permissions',
  claim_host: 'take over the room',
  transfer_host: 'hand over the room',
  close_room: 'close the room',
};

const rolesFrom: Record<Role, string> = {
  listener: 'members',
  player: 'players, co-hosts and the host',
  cohost: 'co-hosts and the host',
  host: 'the host',
};

const providers: Record<string, string> = { library: 'The library', spotify: 'Spotify' };

/** `null` when a value is missing or only a newer server knows it. */
type Sentence = string | ((values: ReasonValues) => string | null);

const byReason: Record<Reason, Sentence> = {
  room_closed: 'The room was closed.',
  not_a_member: 'You are no longer in this room.',
  role_too_low: ({ action, lowest_role }) => {
    const [deed, roles] = [nameIn(actions, action), nameIn(rolesFrom, lowest_role)];
    return deed === null || roles === null ? null : `Only ${roles} can ${deed}.`;
  },
  permission_withheld: ({ action }) => {
    const deed = nameIn(actions, action);
    return deed === null ? null : `The host doesn’t allow you to ${deed}.`;
  },
  only_the_host: 'Only the host can do that to a co-host.',
  no_such_member: 'This person is no longer in the room.',
  no_such_entry: 'This track is no longer in the queue.',
  no_such_track: 'This track is no longer available.',
  track_gone: 'The file of this track is no longer on the server.',
  segment_past_end: 'The track has ended.',
  not_the_same_queue: 'The track can’t be moved there.',
  about_to_start: 'This track is about to start, so it can’t be changed.',
  nothing_on: 'Nothing is playing.',
  entry_over: 'This track is already over.',
  beyond_the_end: 'The track is not that long.',
  not_oneself: 'You can’t do this to yourself.',
  host_stays: 'The host can’t leave or be removed. Hand over the room first.',
  hand_over_instead: 'To make someone the host, hand over the room.',
  queue_full: 'Your queue is full.',
  room_queue_full: 'The room’s queues are full.',
  room_full: 'The room is full.',
  banned: 'You’ve been banned from this room.',
  in_lobby: 'You are waiting to be let in.',
  room_locked: 'The room is locked: no one new can join.',
  account_needed: 'This room needs an account.',
  not_admitted: 'You were not let in this time.',
  lobby_full: 'The lobby is full. Try again later.',
  not_in_lobby: 'This person is no longer in the lobby.',
  too_many_banned: 'No more people can be banned. Lift another ban first.',
  not_banned: 'This person is not banned.',
  banned_meanwhile: 'This person was banned in the meantime.',
  no_such_suggestion: 'This suggestion was already decided or withdrawn.',
  too_many_suggestions: 'Too many suggestions are waiting. Try again later.',
  too_many_devices: ({ max }) => withNumber(max, (n) => `No more than ${n} devices can be listed.`),
  too_many_entries: ({ max }) =>
    withNumber(max, (n) => `You can have ${n === 1 ? 'one track' : `${n} tracks`} waiting at a time.`),
  too_many_minutes: ({ max }) =>
    withNumber(max, (n) => `You can have ${n === 1 ? 'one minute' : `${n} minutes`} of music waiting at a time.`),
  duplicate_track: 'This track is already waiting or playing.',
  track_cooldown: ({ left_ms }) =>
    withNumber(left_ms, (ms) => `This track was played recently. It can repeat in ${waitingTime(ms)}.`),
  artist_cooldown: ({ left_ms }) =>
    withNumber(left_ms, (ms) => `This artist was played recently. Try again in ${waitingTime(ms)}.`),
  track_too_long: ({ max_ms }) => withNumber(max_ms, (ms) => `Tracks here can’t be longer than ${waitingTime(ms)}.`),
  explicit_track: 'Explicit tracks are not allowed in this room.',
  bad_setting: 'A setting can’t have this value.',
  fixed_action: 'This permission can’t be changed.',
  bad_vote: 'This vote is not valid.',
  own_track: 'You can’t vote for your own track.',
  too_many_votes: 'This track has the maximum number of votes.',
  skip_votes_off: 'Votes don’t skip tracks in this room.',
  not_in_waitlist: 'You are not in line.',
  nothing_to_undo: 'This can no longer be undone.',
  host_is_here: 'The host is here, so the room can’t be taken over.',
  claim_too_early: ({ left_ms }) =>
    withNumber(left_ms, (ms) => `You can take over the room in ${waitingTime(ms)} if the host stays away.`),
  claiming_off: 'This room can’t be taken over.',
  muted: 'You are muted: others don’t see your messages.',
  bad_text: ({ max }) => withNumber(max, (n) => `A message is one line of up to ${n} characters.`),
  unknown_command: 'The server doesn’t know this command. Reload the page to update it.',
  too_many_commands: 'That was too fast. Wait a few seconds and try again.',
  too_many_tracks: ({ max }) => withNumber(max, (n) => `The playlist can have ${n} tracks.`),
  not_stored: 'The server can’t save anything right now. Try again in a moment.',
  provider_not_linked: ({ provider }) => `${providerName(provider)} works when you or the host has linked an account.`,
  track_unplayable: ({ provider }) => `${providerName(provider)} can’t play this track here.`,
  track_plays: 'The server can play this track, so it was not skipped. The problem is on this device.',
  provider_busy: ({ provider }) => `${providerName(provider)} has reached its rate limit. Try again in a while.`,
  provider_unavailable: ({ provider }) => `${providerName(provider)} can’t be reached. Try again in a moment.`,
  provider_login_needed: ({ provider }) =>
    `${providerName(provider)} needs you to log in again. You can do that in your profile.`,
  subscription_needed: ({ provider }) =>
    `${providerName(provider)} needs a Premium subscription to play on your own device. Everything else works without it.`,
  provider_account_not_allowed: ({ provider }) =>
    `${providerName(provider)} doesn’t let your account use this server’s app.`,
  no_linked_account: ({ provider }) => `${providerName(provider)} is not linked. You can link it in your profile.`,
  provider_device_not_found: ({ provider }) =>
    `${providerName(provider)} doesn’t see this device. Open its app there and try again.`,
  provider_account_in_use: ({ provider }) => `Your ${providerName(provider)} account is used elsewhere.`,
  bad_search: 'This search isn’t possible. Try other words.',
  no_such_room: 'There is no such room.',
  bad_room_name: ({ max }) => withNumber(max, (n) => `A room name has 1 to ${n} characters.`),
  bad_passcode: ({ min, max }) =>
    withNumber(min, (least) => withNumber(max, (most) => `A passcode has ${least} to ${most} characters.`)),
  bad_username: ({ min, max }) =>
    withNumber(min, (least) =>
      withNumber(
        max,
        (most) => `A user name has ${least} to ${most} letters a to z, digits, dots, dashes or underscores.`,
      ),
    ),
  bad_password: ({ min, max }) =>
    withNumber(min, (least) => withNumber(max, (most) => `A password has ${least} to ${most} bytes.`)),
  track_not_in_room: 'This track is not on in your room.',
  weak_password: 'This password is too easy to guess. Use a few words that do not belong together.',
  bad_display_name: ({ max }) => withNumber(max, (n) => `A name has 1 to ${n} characters.`),
  wrong_credentials: 'User name and password do not match.',
  wrong_password: 'The current password is wrong.',
  login_needed: 'You are no longer logged in. Join or log in again.',
  username_taken: 'This user name is taken. Choose another one.',
  already_logged_in: 'You already have an account.',
  linked_elsewhere: 'This account is linked to someone else here.',
};

const byNotice: Record<string, Sentence> = {
  draining: 'The server is restarting. You will be back in a moment.',
  spotify_busy: ({ left_ms }) =>
    withNumber(
      left_ms,
      (ms) => `This server has reached Spotify’s rate limit for ${waitingTime(ms)}. Everything else works.`,
    ),
};

/** A refused command or a failed request. */
interface Refused {
  code: RefusalCode | FailureCode;
  reason?: Reason | null;
  values?: ReasonValues;
  retryAfterMs?: number | null;
}

/** Why a command was refused or a request failed. */
export function refusalText({ code, reason = null, values = {}, retryAfterMs = null }: Refused): string {
  return sentenceIn(byReason, reason, values) ?? fallbackText(code, retryAfterMs);
}

/** A notice of the server; `null` for one that only a newer server sends. */
export function noticeText(code: string, values: ReasonValues = {}): string | null {
  return sentenceIn(byNotice, code, values);
}

function fallbackText(code: RefusalCode | FailureCode, retryAfterMs: number | null): string {
  if (code === 'rate_limited' && retryAfterMs !== null) return text.tooOften(waitingTime(retryAfterMs));
  // A newer server may send other codes.
  return byCode[code] ?? byCode.internal;
}

function sentenceIn(table: Record<string, Sentence>, name: string | null, values: ReasonValues): string | null {
  if (name === null || !Object.hasOwn(table, name)) return null;
  const sentence = table[name]!;
  return typeof sentence === 'string' ? sentence : sentence(values);
}

function nameIn(names: Record<string, string>, value: ReasonValue | undefined): string | null {
  return typeof value === 'string' && Object.hasOwn(names, value) ? names[value]! : null;
}

function providerName(value: ReasonValue | undefined): string {
  return nameIn(providers, value) ?? 'The provider';
}

function withNumber(value: ReasonValue | undefined, sentence: (value: number) => string | null): string | null {
  return typeof value === 'number' ? sentence(value) : null;
}
