import type { Action, Reason, ReasonValue, Role } from '$protocol';
import type { RefusalCode } from '../connection/command-queue';
import type { FailureCode } from '../session/http';
import { text, waitWords } from './common';

/** An error as the server or this page describes it. */
export interface Problem {
  code: RefusalCode | FailureCode;
  /** The server's English sentence; empty when there is none. */
  detail?: string;
  reason?: Reason | null;
  values?: Readonly<Record<string, ReasonValue>>;
  retryAfterMs?: number | null;
}

const refusals: Record<RefusalCode | FailureCode, string> = {
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

/** Where the server's sentence is more exact than the code, from a server that gives no reason. */
const specific: ReadonlySet<RefusalCode | FailureCode> = new Set([
  'forbidden',
  'conflict',
  'invalid',
  'limit_reached',
  'duplicate_track',
  'cooldown',
]);

/** Completes “Only the host may …”. */
const actions: Record<Action, string> = {
  queue: 'queue tracks',
  suggest: 'suggest tracks',
  vote: 'vote',
  vote_skip: 'vote to skip',
  chat: 'talk here',
  curate_queue: 'change other people’s queues',
  control_playback: 'control playback',
  set_output: 'choose which devices play',
  skip: 'skip other people’s tracks',
  approve: 'approve suggestions',
  admit: 'let people in',
  lock: 'lock the room',
  mute: 'mute people',
  see_audit: 'see who did what',
  set_role: 'change roles',
  kick: 'remove people',
  ban: 'ban people',
  set_settings: 'change the settings',
  set_permissions: 'change who may do what',
  claim_host: 'take the room over',
  transfer_host: 'hand the room over',
  close_room: 'close the room',
};

const roles: Record<Role, string> = {
  host: 'the host',
  cohost: 'the host or a co-host',
  player: 'someone who may play',
  listener: 'a member',
};

type Values = Readonly<Record<string, ReasonValue>>;
const actionOf = ({ action }: Values) => actions[action as Action] ?? 'do that';
const minutesOf = ({ left_ms }: Values) => Math.max(1, Math.ceil(Number(left_ms) / 60_000));
const clockOf = (ms: number) => `${Math.floor(ms / 60_000)}:${String(Math.floor(ms / 1_000) % 60).padStart(2, '0')}`;
const providerOf = ({ provider }: Values) => (provider === 'spotify' ? 'Spotify' : 'The music');

/** One sentence for each reason of the contract. */
const reasons: Record<Reason, string | ((values: Values) => string)> = {
  room_closed: 'This room is closed.',
  not_a_member: 'You are not in this room any more.',
  role_too_low: (values) => `Only ${roles[values.lowest_role as Role] ?? 'others'} may ${actionOf(values)}.`,
  permission_withheld: (values) => `The host decided that you may not ${actionOf(values)}.`,
  only_the_host: 'Only the host decides about co-hosts.',
  no_such_member: 'This person is not in the room any more.',
  no_such_entry: 'That track is not waiting any more.',
  no_such_track: 'That track does not exist any more.',
  not_the_same_queue: 'A track moves only within its owner’s own queue.',
  about_to_start: 'That track is about to start.',
  nothing_on: 'Nothing is playing.',
  entry_over: 'That track is over already.',
  beyond_the_end: 'That is beyond the end of the track.',
  not_oneself: 'You cannot do that to yourself.',
  host_stays: 'The host cannot go: hand the room over, or close it.',
  hand_over_instead: 'A room has one host: hand the room over instead.',
  queue_full: 'Your queue is full.',
  room_queue_full: 'The room’s queue is full.',
  room_full: 'The room is full.',
  banned: 'You may not return to this room.',
  in_lobby: 'You are waiting to be let in.',
  room_locked: 'This room is locked: new people cannot enter.',
  account_needed: 'This room is for people with an account.',
  not_admitted: 'You were not let in.',
  lobby_full: 'Too many people are waiting to be let in.',
  not_in_lobby: 'They are not waiting to be let in any more.',
  too_many_banned: 'Too many people are banned: unban somebody first.',
  not_banned: 'They are not banned.',
  banned_meanwhile: 'They were banned since: unban them instead.',
  no_such_suggestion: 'That suggestion is not there any more.',
  too_many_suggestions: 'Too many suggestions are waiting for approval.',
  too_many_devices: ({ max }) => `At most ${max} devices can be chosen one by one.`,
  too_many_entries: ({ max }) => `Everybody may have ${max} tracks waiting here.`,
  too_many_minutes: ({ max }) => `Everybody may have ${max} minutes of music waiting here.`,
  duplicate_track: 'That track is waiting or playing already.',
  track_cooldown: (values) => `That track was played a short time ago. It may come again in ${minutesOf(values)} min.`,
  artist_cooldown: (values) =>
    `That artist was played a short time ago. They may come again in ${minutesOf(values)} min.`,
  track_too_long: ({ max_ms }) => `Tracks may be ${clockOf(Number(max_ms))} long here.`,
  explicit_track: 'This room plays nothing explicit.',
  bad_setting: 'This setting cannot have this value.',
  fixed_action: 'Who may do that cannot be changed.',
  bad_vote: 'A vote is for something, against it, or taken back.',
  own_track: 'You cannot vote for your own track.',
  too_many_votes: 'That track has as many votes as it can have.',
  skip_votes_off: 'Votes do not skip tracks in this room.',
  not_in_waitlist: 'You are not waiting for your turn.',
  nothing_to_undo: 'That cannot be undone any more.',
  host_is_here: 'The host is here.',
  claim_too_early: (values) => `The host may still come back. You can take over in ${minutesOf(values)} min.`,
  claiming_off: 'The host does not want this room to be taken over.',
  muted: 'You are muted: nobody would hear you.',
  bad_text: ({ max }) => `That has 1 to ${max} characters on one line.`,
  unknown_command: 'The server does not know how to do that. Reload the page and try again.',
  too_many_commands: 'That was a lot at once. Wait a few seconds and try again.',
  too_many_tracks: ({ max }) => `The list can have ${max} tracks.`,
  not_stored: 'The server cannot save anything right now. Try again in a moment.',
  provider_not_linked: 'Tracks from Spotify can be added when you or the host has linked Spotify.',
  track_unplayable: (values) => `${providerOf(values)} does not play this track here.`,
  provider_busy: (values) => `${providerOf(values)} takes no more requests for a while. Everything else goes on.`,
  provider_unavailable: (values) => `${providerOf(values)} cannot be reached at the moment.`,
  provider_login_needed: 'Spotify asks you to log in there again. You can do so in your profile.',
  subscription_needed: 'Playing Spotify on your own device needs Spotify Premium. Everything else works without it.',
  provider_account_not_allowed: 'Spotify does not let your account use this server’s app.',
  no_linked_account: 'No Spotify account is linked.',
  provider_device_not_found: 'Spotify does not see this device now. Open Spotify on it, then try again.',
  provider_account_in_use: 'Your Spotify account is used for something else right now.',
  bad_search: (values) => `${providerOf(values)} cannot search for this.`,
  no_such_room: 'There is no room with this code.',
  bad_room_name: ({ max }) => `A room’s name has 1 to ${max} characters.`,
  bad_passcode: ({ max }) => `A passcode has at most ${max} characters.`,
  bad_username: ({ min, max }) => `A username has ${min} to ${max} characters: letters a to z, digits, dots, - and _.`,
  bad_password: ({ min, max }) =>
    `A password has ${min} to ${max} bytes. Letters with accents and emoji count for several.`,
  bad_display_name: ({ max }) => `A name has 1 to ${max} characters, at least one of them visible.`,
  wrong_credentials: 'Username or password is wrong.',
  wrong_password: 'The current password is wrong.',
  login_needed: 'This browser is no longer known here. Join or log in again.',
  username_taken: 'This username is taken.',
  already_logged_in: 'You are logged in to an account already. Log out first.',
  linked_elsewhere: 'This Spotify account belongs to somebody else here.',
};

/** A sentence of this page: by the exact reason where the server gives one that is known here, else by the code. */
export function refusalWords({ code, detail = '', reason, values = {}, retryAfterMs = null }: Problem): string {
  if (code === 'rate_limited' && retryAfterMs !== null) return text.tooOften(waitWords(retryAfterMs));
  const known = reason && reason in reasons ? reasons[reason] : null;
  if (known !== null) return typeof known === 'string' ? known : known(values);
  return detail !== '' && (reason || specific.has(code)) ? detail : refusals[code];
}

/** What a notice says: a sentence of this page, or the server's when it is not known here. */
export function noticeWords({
  code,
  message,
  values = {},
}: {
  code: string;
  message: string;
  values?: Values;
}): string {
  if (code === 'draining') return 'The server restarts; you will be back in a moment.';
  if (code === 'spotify_busy')
    return `Spotify takes no more requests from this server for ${waitWords(Number(values.left_ms ?? 0))}. Everything else goes on.`;
  return message;
}
