import type { Entry, Member, Note, Role, UserId } from '$protocol';

/**
 * The texts that the first pages need. Texts of parts that are loaded later are in the other files of this folder. A
 * translation is another object of this shape.
 */
export const text = {
  appName: 'Tutti',
  loading: 'One moment…',

  landing: {
    title: 'One room, everyone’s music.',
    lead: 'Start a room and share the code. Everyone adds music, and turns are shared fairly.',
    yourName: 'Your name',
    yourNameHint: 'Others see this name. No account needed.',
    startTitle: 'Start a room',
    roomName: 'Room name',
    optional: 'optional',
    passcode: 'Passcode',
    passcodeHint: 'Newcomers need it to join.',
    moreOptions: 'Name and passcode',
    start: 'Start a room',
    starting: 'Opening the room…',
    remoteOnly: 'Remote only',
    remoteOnlyHint: 'The music plays on another device.',
    joinTitle: 'Join a room',
    code: 'Room code',
    codeHint: 'Six letters and digits, on the host’s screen.',
    codeUnknown: 'No room has this code. Check it and try again.',
    codeInvalid: 'A room code has six letters and digits, such as 7KM2QX.',
    join: 'Join',
    recent: 'Your rooms',
    hostedBy: (name: string) => `hosted by ${name}`,
    account: 'Profile',
    defaultRoomName: (name: string) => `${name}’s room`.slice(0, 60),
    nameMissing: 'Type a name first, so that others know who you are.',
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
    views: {
      label: 'Parts of the room',
      now: 'Now',
      add: 'Add',
      next: 'Up next',
      room: 'Room',
      chat: 'Chat',
      people: 'People',
    },
    queues: { label: 'Whose queue', room: 'Room', mine: 'Mine' },
    unread: (count: number) => (count === 1 ? '1 unread message' : `${count} unread messages`),
    waitingTracks: (count: number) => (count === 1 ? '1 track' : `${count} tracks`),
    menu: 'Menu',
    playingTitle: (track: string, room: string) => `${track} · ${room}`,
    nowPlaying: 'Now playing',
    idleTitle: 'Play something',
    idleQueue: 'Your pick starts right away.',
    idleListenTitle: 'Nothing is playing yet',
    idleListen: 'Music starts when someone adds a track.',
    by: (artists: string) => artists,
    pickOf: (name: string) => `${name}’s pick`,
    yourPick: 'Your pick',
    yourNext: (title: string, minutes: number | null) =>
      minutes === null
        ? `Your next: ${title}`
        : `Your next: ${title}, ${minutes < 1 ? 'in a moment' : `in about ${minutes} min`}`,
    showNow: (title: string) => `Show ${title}`,
    paused: 'Paused',
    progress: 'Position in the track',
    timeLeft: (left: string) => `−${left}`,
    progressValue: (at: string, of: string) => `${at} of ${of}`,
    pause: 'Pause',
    resume: 'Resume',
    skip: 'Skip',
    upcoming: 'Up next',
    upcomingEmpty: 'No tracks are waiting. What you add now plays next.',
    upcomingMore: (count: number) => (count === 1 ? 'and one more' : `and ${count} more`),
    showAll: (count: number) => `Show all ${count}`,
    inMinutes: (minutes: number) => (minutes < 1 ? 'in a moment' : `in ${minutes} min`),
    unknownMember: 'someone who left',
    lookAlike: (name: string) => `${name} (not a host)`,
    you: 'you',
    search: 'Find music',
    searchPlaceholder: 'Title, artist or album',
    searching: 'Searching…',
    nothingFound: (query: string) => `Nothing found for “${query}”. Try fewer words, or only the artist.`,
    libraryEmpty: 'The library is empty. The owner of this server can add music to its folder.',
    moreResults: 'Show more',
    browse: 'Browse the library',
    browseAll: 'All',
    browseLists: {
      artists: 'Artists',
      albums: 'Albums',
      genres: 'Genres',
      folders: 'Folders',
      recent: 'Recently added',
    },
    browseBack: 'Back',
    browseEmpty: 'There is nothing here.',
    browseTracks: (count: number) => (count === 1 ? 'One track' : `${count} tracks`),
    addAll: (count: number | null) =>
      count === 1 ? 'Add the track' : count === null ? 'Add all tracks' : `Add all ${count} tracks`,
    addedAll: (count: number) => (count === 1 ? 'One track was added.' : `${count} tracks were added.`),
    addedSome: (added: number, all: number) => `${added} of ${all} tracks were added.`,
    addedNotUnplayable: (count: number) => (count === 1 ? 'One can’t be played.' : `${count} can’t be played.`),
    addedToTheLimit: 'The rest is over the limits here.',
    unplayable: 'can’t be played',
    add: (title: string) => `Add ${title} to your queue`,
    addShort: 'Add',
    addedShort: 'Added',
    added: (title: string) => `“${title}” is in your queue.`,
    listenersCannotAdd: 'You are here as a listener, so you can’t add tracks. The host can change that.',
    mine: 'Your queue',
    mineEmpty: 'Your queue is empty. Tracks you add appear here; drag to reorder them.',
    mineHint: 'This is your own order. “Up next” shows how everyone’s turns merge.',
    drag: 'Drag to reorder',
    moveUp: (title: string) => `Move ${title} up`,
    moveDown: (title: string) => `Move ${title} down`,
    remove: (title: string) => `Remove ${title}`,
    options: (title: string) => `Options for ${title}`,
    people: 'People',
    peopleCount: (count: number) => (count === 1 ? 'One person' : `${count} people`),
    away: 'away, queue on hold',
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
    manageWaiting: (count: number) => (count === 1 ? '(1 waiting)' : `(${count} waiting)`),
    leave: 'Leave',
    leaveSure: 'Leave and clear your queue?',
    pressAgain: (question: string) => `${question} Press again to confirm.`,
    invite: 'Invite',
    inviteTitle: (room: string) => `Invite to ${room}`,
    inviteLead: 'Scan, or type the code at',
    onlyHere: 'Only this computer can open this address. To let phones in, start Tutti with',
    inviteClose: 'Close',
    copyLink: 'Copy link',
    copied: 'The link is copied.',
    copyFailed: (url: string) => `Copying isn’t allowed here. The link is ${url}`,
    share: 'Share…',
    qr: (url: string) => `QR code for ${url}`,
    openScreen: 'Screen',
    dropped: 'Unsent actions of the previous user were dropped.',
  },

  player: {
    title: 'This device',
    playHere: 'Play here',
    stopHere: 'Stop playing here',
    lead: 'Play the room’s music on this device, in sync with the others.',
    blocked: 'Tap to play here',
    blockedWhy: 'After a reload, your browser needs a tap before it can play.',
    states: {
      off: '',
      blocked: 'Waiting for a tap',
      left_out: 'The host chose other speakers for this room',
      silent: 'Ready. Nothing is playing right now',
      unsupported: 'This track comes from a source that this page cannot play. Reload the page to update it.',
      loading: 'Loading the music…',
      playing: 'Playing here',
      failed: 'The music can’t be loaded. Trying again…',
      unplayable: 'This track can’t be played. Skipping it…',
      undecodable: 'This browser is too old to play the music of this server. Another browser can.',
    },
    volume: 'Volume on this device',
    mute: 'Mute this device',
    unmute: 'Unmute this device',
    level: 'Sound level',
  },

  screen: {
    nextUp: 'Next up',
    join: 'Add your music',
    nextEmpty: 'Nothing yet. Scan the code and add a track.',
    idle: 'Scan the code and add the first track.',
  },

  notFound: { title: 'There is nothing here', lead: 'The address may have been mistyped.', home: 'To the start page' },
  failedToLoad: {
    title: 'The server cannot be reached',
    lead: 'Check your network. Nothing is lost: rooms keep playing.',
    again: 'Try again',
  },
  people: {
    label: 'people on this device',
    choose: 'Who are you?',
    toMe: 'Your profile',
    gone: 'They are no longer logged in on this device.',
  },
  spotify: {
    continue: 'Continue with Spotify',
    elsewhere: (host: string) =>
      `Spotify only returns to ${host}, so this opens the same page there first. Continue from there.`,
    done: (name: string) => `You are ${name} here, and Spotify is linked.`,
  },
  undo: {
    label: 'Undo',
    done: 'Undone.',
    nothing: 'There was nothing to clear.',
    removed: (title: string) => `Removed “${title}”.`,
  },
  login: 'Log in',
  loginOrRegister: 'Log in or create an account',
  youAre: (name: string) => `You are now ${name}.`,
  notNow: 'Not right now',
  tooOften: (wait: string) => `Too many attempts. Try again in ${wait}.`,
} as const;

export const roleNames: Record<Role, string> = {
  host: 'Host',
  cohost: 'Co-host',
  player: 'Player',
  listener: 'Listener',
};

/** What was just done and can be undone. */
export function undoableText({ deed, by, member, title }: Note, target: string): string {
  if (deed === 'kick') return `You removed ${target}.`;
  if (deed === 'dequeue') return text.undo.removed(title ?? '');
  if (member === by) return 'Your queue was cleared.';
  return target === '' ? 'All queues were cleared.' : `The queue of ${target} was cleared.`;
}

/** A waiting time, rounded to what users need. */
export function waitingTime(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) return seconds === 1 ? 'one second' : `${seconds} seconds`;
  const minutes = Math.ceil(seconds / 60);
  return minutes < 120 ? `${minutes} minutes` : `about ${Math.round(minutes / 60)} hours`;
}

/** What adding `all` tracks did, of which some can be played. */
export function addedText(added: number, playable: number, all: number): string {
  const words = text.room;
  const sentences = [added < playable ? words.addedSome(added, all) : words.addedAll(added)];
  if (playable < all) sentences.push(words.addedNotUnplayable(all - playable));
  if (added < playable) sentences.push(words.addedToTheLimit);
  return sentences.join(' ');
}

/** Why an upcoming entry has its place. */
export function placeReason(entry: Entry, nameOf: (id: UserId) => string, mine: boolean): string {
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
      return 'Placed by the host';
    case 'own_queue': {
      const turn = `${mine ? 'Your' : 'Their'} ${ordinal(place.turn)} turn`;
      return others === '' ? turn : `${turn}, after ${others}`;
    }
  }
}

export function memberName(members: readonly Member[], id: UserId): string {
  const member = members.find((known) => known.id === id);
  return member === undefined || member.name === '' ? text.room.unknownMember : shownName(member);
}

/** The name as others see it: one that looks like a host's is marked. */
export function shownName(member: Member): string {
  return member.look_alike === true ? text.room.lookAlike(member.name) : member.name;
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' });
const ordinals = new Intl.PluralRules('en', { type: 'ordinal' });
const suffixes: Partial<Record<Intl.LDMLPluralRule, string>> = { one: 'st', two: 'nd', few: 'rd' };

export function ordinal(count: number): string {
  return `${count}${suffixes[ordinals.select(count)] ?? 'th'}`;
}
