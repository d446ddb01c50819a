import type { Entry, Member, Note, Role, UserId } from '$protocol';
import type { RefusalCode } from '../connection/command-queue';
import type { FailureCode } from '../session/http';

/**
 * The texts that the first pages need. Texts of parts that are loaded later are in the other files of this folder. A
 * translation is another object of this shape.
 */
export const text = {
  appName: 'Tutti',
  loading: 'One moment…',

  landing: {
    title: 'One room, everyone’s music.',
    lead: 'Start a room, share the code, and everybody adds what they want to hear. Turns are shared out fairly.',
    yourName: 'Your name',
    yourNameHint: 'What the others will see. No account needed.',
    startTitle: 'Start a room',
    roomName: 'Room name',
    optional: 'optional',
    passcode: 'Passcode',
    passcodeHint: 'Newcomers are asked for it.',
    moreOptions: 'Name and passcode',
    start: 'Start a room',
    starting: 'Opening the room…',
    joinTitle: 'Join a room',
    code: 'Room code',
    codeHint: 'Six letters and digits, on the host’s screen.',
    codeInvalid: 'A room code has six letters and digits, such as 7KM2QX.',
    join: 'Join',
    recent: 'Your rooms',
    hostedBy: (name: string) => `hosted by ${name}`,
    account: 'Profile',
    defaultRoomName: (name: string) => `${name}’s room`.slice(0, 60),
    nameMissing: 'Type a name first, so that the others know who you are.',
  },

  join: {
    title: (room: string) => `Join ${room}`,
    titleUnknown: (code: string) => `Join room ${code}`,
    host: (name: string) => `${name} is the host.`,
    as: 'Your name',
    passcode: 'Passcode',
    passcodeHint: 'The host can tell you.',
    passcodeWrong: 'That was not the passcode. Ask the host and try again.',
    join: 'Join the room',
    joining: 'Joining…',
    screenName: 'Screen',
  },

  room: {
    code: 'Code',
    nav: { label: 'Parts of the room', now: 'Now', queue: 'Queue', find: 'Find', people: 'People' },
    nowPlaying: 'Now playing',
    idleTitle: 'Nothing is playing yet',
    idleQueue: 'Find a track and add it: it starts at once.',
    idleListen: 'As soon as somebody adds a track, it starts.',
    by: (artists: string) => artists,
    chosenBy: (name: string) => `chosen by ${name}`,
    chosenByYou: 'chosen by you',
    paused: 'Paused',
    progress: 'Position in the track',
    progressValue: (at: string, of: string) => `${at} of ${of}`,
    pause: 'Pause',
    resume: 'Resume',
    skip: 'Skip',
    upcoming: 'Coming up',
    upcomingEmpty: 'Nothing is waiting. Whatever you add now plays next.',
    upcomingMore: (count: number) => (count === 1 ? 'and one more' : `and ${count} more`),
    showAll: (count: number) => `Show all ${count}`,
    inMinutes: (minutes: number) => (minutes < 1 ? 'in a moment' : `in ${minutes} min`),
    unknownMember: 'someone who left',
    you: 'you',
    search: 'Find music',
    searchPlaceholder: 'Title, artist or album',
    searching: 'Looking…',
    nothingFound: (query: string) => `Nothing found for “${query}”. Try fewer words, or only the artist.`,
    libraryEmpty: 'The library is empty. Whoever runs this server can add music to its folder.',
    moreResults: 'Show more',
    add: (title: string) => `Add ${title} to your queue`,
    addShort: 'Add',
    addedShort: 'Added',
    added: (title: string) => `“${title}” is in your queue.`,
    listenersCannotAdd:
      'You are here as a listener: you hear and see everything, but cannot add. The host can change that.',
    mine: 'Your queue',
    mineEmpty: 'Your queue is empty. What you add waits here; drag it into your own order.',
    mineHint: 'Only your own order. How everyone’s turns merge stands under “Coming up”.',
    drag: 'Drag to reorder',
    moveUp: (title: string) => `Move ${title} up`,
    moveDown: (title: string) => `Move ${title} down`,
    remove: (title: string) => `Remove ${title}`,
    people: 'People',
    peopleCount: (count: number) => (count === 1 ? 'One person' : `${count} people`),
    away: 'away; their queue waits',
    notConnected: 'not connected',
    /** Each name once, with the number of devices. */
    devices: (names: string[], count: number) =>
      count === 1 ? names.join(', ') : `on ${count} devices: ${names.join(', ')}`,
    idle: 'idle',
    queuePaused: 'queue paused',
    muted: 'muted',
    playsHere: 'plays the music',
    manage: 'Manage',
    manageOf: (name: string) => `Manage ${name}`,
    manageWaiting: (count: number) => (count === 1 ? '(one waits for you)' : `(${count} wait for you)`),
    leave: 'Leave',
    leaveSure: 'Leave for good, with your queue?',
    pressAgain: (question: string) => `${question} Press again to confirm.`,
    invite: 'Invite',
    inviteLead: 'Scan, or type the code at',
    copyLink: 'Copy link',
    copied: 'The link is copied.',
    copyFailed: (url: string) => `Copying is not allowed here. The link is ${url}`,
    share: 'Share…',
    qr: (url: string) => `QR code for ${url}`,
    openScreen: 'Wall screen',
    dropped: 'What was still waiting to be sent was dropped: it was somebody else’s.',
  },

  player: {
    title: 'This device',
    playHere: 'Play here',
    stopHere: 'Stop playing here',
    lead: 'Let this device play the music, together with the others.',
    blocked: 'Tap to keep listening',
    blockedWhy: 'After a reload, the browser wants one tap before it makes sound.',
    states: {
      off: '',
      blocked: 'Waiting for a tap',
      left_out: 'The host chose other speakers for this room',
      silent: 'Ready; nothing plays right now',
      unsupported: 'This track comes from a source that this page cannot play. Reload the page to update it.',
      loading: 'Getting the music…',
      playing: 'Playing here',
      failed: 'The music cannot be fetched. Trying again…',
    },
    volume: 'Volume on this device',
    mute: 'Mute this device',
    unmute: 'Unmute this device',
    level: 'Sound level',
  },

  screen: {
    nextUp: 'Next up',
    join: 'Add your music',
    idle: 'Waiting for the first track',
    idleLead: 'Scan the code and add one.',
  },

  notFound: { title: 'There is nothing here', lead: 'The address may have been mistyped.', home: 'To the start page' },
  failedToLoad: {
    title: 'The server cannot be reached',
    lead: 'Check this device’s network. Nothing is lost: rooms go on without you.',
    again: 'Try again',
  },
  people: {
    label: 'people on this device',
    choose: 'Who are you?',
    toMe: 'Your profile',
    gone: 'They are not logged in on this device any more.',
  },
  spotify: {
    continue: 'Continue with Spotify',
    elsewhere: (host: string) =>
      `Spotify only leads back to ${host}, so this opens the same page there first. Start from there.`,
    done: (name: string) => `You are ${name} here, and Spotify is linked.`,
  },
  undo: { label: 'Undo', done: 'It is undone.', nothing: 'Nothing was waiting.' },
  login: 'Log in',
  loginOrRegister: 'Log in or create an account',
  youAre: (name: string) => `You are ${name} here now.`,
  notNow: 'Not right now',
  tooOften: (wait: string) => `That was too often. Try again in ${wait}.`,
} as const;

export const roleNames: Record<Role, string> = {
  host: 'Host',
  cohost: 'Co-host',
  player: 'Player',
  listener: 'Listener',
};

const refusals: Record<RefusalCode | FailureCode, string> = {
  forbidden: 'Your role in this room does not allow that.',
  not_found: 'That is not there any more.',
  invalid: 'That cannot be done like this.',
  conflict: 'That no longer fits: things changed in the meantime.',
  limit_reached: 'That is as many as this room takes.',
  duplicate_track: 'This track is already waiting.',
  cooldown: 'That was played a short time ago. Give it a while.',
  unavailable: 'The server cannot save anything right now. Try again in a moment.',
  rate_limited: 'That was a lot at once. Wait a few seconds and try again.',
  premium_required: 'That needs Spotify Premium.',
  needs_login: 'Spotify asks you to log in there again. You can do so in your profile.',
  too_large: 'That is too long.',
  internal: 'Something went wrong on the server. It was noted there.',
  queue_full: 'Too much is waiting to be sent. It goes out when the connection is back.',
  expired: 'The connection was gone for that moment, so it was not done. Try again.',
  outcome_unknown:
    'The connection was gone for so long that it may have been done or not. Look, and do it again if need be.',
  closed: 'The room was left before that was done.',
  unauthenticated: 'This browser is no longer known here. Join or log in again.',
  offline: 'The server cannot be reached. Check the network and try again.',
};

/** Where the server's own sentence is more exact: it speaks about this very command. */
const specific: ReadonlySet<RefusalCode | FailureCode> = new Set([
  'forbidden',
  'conflict',
  'invalid',
  'limit_reached',
  'duplicate_track',
  'cooldown',
]);

export function refusalWords(
  code: RefusalCode | FailureCode,
  detail: string,
  retryAfterMs: number | null = null,
): string {
  if (code === 'rate_limited' && retryAfterMs !== null) return text.tooOften(waitWords(retryAfterMs));
  return specific.has(code) && detail !== '' ? detail : refusals[code];
}

/** What was just done and can be undone. */
export function undoableWords({ deed, by, member, title }: Note, target: string): string {
  if (deed === 'kick') return `${target} is out.`;
  if (deed === 'dequeue') return `“${title ?? ''}” is removed.`;
  if (member === by) return 'Your queue is cleared.';
  return target === '' ? 'All queues are cleared.' : `The queue of ${target} is cleared.`;
}

/** A waiting time, rounded to what users need. */
export function waitWords(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return seconds === 1 ? 'one second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `about ${Math.round(minutes / 60)} hours`;
}

/** Why an upcoming entry has its place. */
export function reasonWords(entry: Entry, nameOf: (id: UserId) => string, mine: boolean): string {
  const place = entry.place;
  if (place === undefined || place === null) return '';
  const others = lists.format(place.behind.map(nameOf));
  const several = place.behind.length > 1 || place.behind.some((id) => nameOf(id) === text.room.you);
  switch (place.reason) {
    case 'locked':
      return 'About to start';
    case 'next':
      return 'Plays next';
    case 'less_airtime':
      return others === '' ? 'By airtime so far' : `${others} ${several ? 'have' : 'has'} played less so far`;
    case 'waited_longer':
      return others === '' ? 'By waiting time' : `${others} ${several ? 'have' : 'has'} waited longer`;
    case 'fewer_turns':
      return others === '' ? 'By turns so far' : `${others} ${several ? 'have' : 'has'} had fewer turns`;
    case 'added_earlier':
      return others === '' ? 'In the order of adding' : `${others} added earlier`;
    case 'voted':
      return others === '' ? 'By votes' : `By votes, after ${others}`;
    case 'hosts_order':
      return 'Where the host put it';
    case 'own_queue': {
      const turn = `${mine ? 'Your' : 'Their'} ${ordinal(place.turn)} turn`;
      return others === '' ? turn : `${turn}, after ${others}`;
    }
  }
}

export function memberName(members: readonly Member[], id: UserId): string {
  const name = members.find((member) => member.id === id)?.name ?? '';
  return name === '' ? text.room.unknownMember : name;
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' });
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });
const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

export function ordinal(count: number): string {
  return `${count}${suffixes[ordinals.select(count)] ?? 'th'}`;
}
