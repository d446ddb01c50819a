import { plural, select, selectOrdinal, t } from '@lingui/core/macro';
import type { Entry, Member, Note, Role, UserId } from '$protocol';
import { text as common } from './common';
import { asSentence, lists } from './intl';

/** The texts of the first pages, and those of a room, which are loaded when it opens. */
export const text = {
  ...common,

  room: {
    code: t`Code`,
    views: {
      label: t`Parts of the room`,
      now: t`Now`,
      add: t`Add`,
      next: t`Up next`,
      room: t`Room`,
      chat: t`Chat`,
      people: t`People`,
    },
    queues: {
      label: t`Whose queue`,
      room: t({ message: 'Room', context: 'whose queue' }),
      mine: t({ message: 'Mine', context: 'whose queue' }),
    },
    unread: (count: number) => plural(count, { one: '# unread message', other: '# unread messages' }),
    waitingTracks: (count: number) => plural(count, { one: '# track', other: '# tracks' }),
    nowAnnounced: (track: string, artists: string) => t`Now playing: ${track}, ${artists}`,
    nowPlaying: t`Now playing`,
    idleTitle: t`Play something`,
    idleQueue: t`Your pick starts right away.`,
    idleListenTitle: t`Nothing is playing yet`,
    idleListen: t`Music starts when someone adds a track.`,
    by: (artists: string) => artists,
    pickOf: (name: string) => t`${name}’s pick`,
    yourPick: t`Your pick`,
    yourNext: (title: string, minutes: number | null) => {
      if (minutes === null) return t`Your next: ${title}`;
      return minutes < 1 ? t`Your next: ${title}, in a moment` : t`Your next: ${title}, in about ${minutes} min`;
    },
    showNow: (title: string) => t`Show ${title}`,
    paused: t`Paused`,
    noSpeaker: t`No speaker yet`,
    noSpeakerLead: t`The music starts as soon as a device plays it.`,
    playOnThisDevice: t`Play on this device`,
    progress: t`Position in the track`,
    timeLeft: (left: string) => `−${left}`,
    progressValue: (at: string, of: string) => t`${at} of ${of}`,
    pause: t`Pause`,
    resume: t`Resume`,
    skip: t`Skip`,
    upcoming: t`Up next`,
    upcomingEmpty: t`No tracks are waiting. What you add now plays next.`,
    upcomingMore: (count: number) => plural(count, { one: 'and one more', other: 'and # more' }),
    inMinutes: (minutes: number) => (minutes < 1 ? t`in a moment` : t`in ${minutes} min`),
    unknownMember: t`someone who left`,
    lookAlike: (name: string) => t`${name} (not a host)`,
    you: t`you`,
    youMark: t`(you)`,
    youAsOwner: t({ message: 'You', comment: 'The owner of a track' }),
    search: t`Find music`,
    searchPlaceholder: t`Title, artist or album`,
    searching: t`Searching…`,
    nothingFound: (query: string) => t`Nothing found for “${query}”. Try fewer words, or only the artist.`,
    libraryEmpty: t`The library is empty. The owner of this server can add music to its folder.`,
    moreResults: t`Show more`,
    browse: t`Browse the library`,
    browseAll: t({ message: 'All', context: 'library' }),
    browseLists: {
      artists: t`Artists`,
      albums: t`Albums`,
      genres: t`Genres`,
      folders: t`Folders`,
      recent: t`Recently added`,
    },
    browseBack: t`Back`,
    browseEmpty: t`There is nothing here.`,
    browseTracks: (count: number) => plural(count, { one: 'One track', other: '# tracks' }),
    addAll: (count: number | null) =>
      count === null ? t`Add all tracks` : plural(count, { one: 'Add the track', other: 'Add all # tracks' }),
    addedAll: (count: number) => plural(count, { one: 'One track was added.', other: '# tracks were added.' }),
    addedSome: (added: number, all: number) => t`${added} of ${all} tracks were added.`,
    addedNotUnplayable: (count: number) => plural(count, { one: 'One can’t be played.', other: '# can’t be played.' }),
    addedToTheLimit: t`The rest is over the limits here.`,
    unplayable: t`can’t be played`,
    add: (title: string) => t`Add ${title} to your queue`,
    added: (title: string) => t`“${title}” is in your queue.`,
    listenersCannotAdd: t`You are here as a listener, so you can’t add tracks. The host can change that.`,
    mine: t`Your queue`,
    mineEmpty: t`Your queue is empty. Tracks you add appear here; drag to reorder them.`,
    mineHint: t`This is your own order. “Up next” shows how everyone’s turns merge.`,
    drag: t`Drag to reorder`,
    moveUp: (title: string) => t`Move ${title} up`,
    moveDown: (title: string) => t`Move ${title} down`,
    remove: (title: string) => t`Remove ${title}`,
    options: (title: string) => t`Options for ${title}`,
    people: t`People`,
    peopleCount: (count: number) => plural(count, { one: 'One person', other: '# people' }),
    away: t`away, queue on hold`,
    notConnected: t`not connected`,
    /** Each name once, with the number of devices. */
    devices: (names: string[], count: number) => {
      const listed = names.join(', ');
      return count === 1 ? listed : plural(count, { one: `on # device: ${listed}`, other: `on # devices: ${listed}` });
    },
    idle: t`idle`,
    queuePaused: t`queue paused`,
    muted: t`muted`,
    playsHere: t`plays the music`,
    manage: t`Manage`,
    manageOf: (name: string) => t`Manage ${name}`,
    manageWaiting: (count: number) => plural(count, { one: '(# waiting)', other: '(# waiting)' }),
    leave: t`Leave`,
    leaveSure: t`Leave and clear your queue?`,
    pressAgain: (question: string) => t`${question} Press again to confirm.`,
    invite: t`Invite`,
    inviteTitle: (room: string) => t`Invite to ${room}`,
    inviteLead: (address: string) => t`Scan, or type the code at ${address}`,
    invitePasscode: t`Passcode`,
    onlyHere: t({
      message: 'Only this computer can open this address. To let phones in, start Tutti with',
      comment: 'An option follows, such as “--listen 0.0.0.0:80”.',
    }),
    inviteClose: t`Close`,
    copyLink: t`Copy link`,
    copied: t`The link is copied.`,
    copyFailed: (url: string) => t`Copying isn’t allowed here. The link is ${url}`,
    share: t`Share…`,
    qr: (url: string) => t`QR code for ${url}`,
    openScreen: t`Screen`,
    showOnScreen: t`Show on a television`,
    dropped: t`Unsent actions of the previous user were dropped.`,
  },

  player: {
    title: t`This device`,
    playHere: t`Play here`,
    stopHere: t`Stop playing here`,
    lead: t`Play the room’s music on this device, in sync with the others.`,
    blocked: t`Tap to play here`,
    blockedWhy: t`After a reload, your browser needs a tap before it can play.`,
    states: {
      off: '',
      blocked: t`Waiting for a tap`,
      left_out: t`The host chose other speakers for this room`,
      silent: t`Ready. Nothing is playing right now`,
      unsupported: t`This track comes from a source that this page cannot play. Reload the page to update it.`,
      loading: t`Loading the music…`,
      playing: t`Playing here`,
      failed: t`The music can’t be loaded. Trying again…`,
      unplayable: t`This track can’t be played. Skipping it…`,
      undecodable: t`This browser is too old to play the music of this server. Another browser can.`,
    },
    volume: t`Volume on this device`,
    mute: t`Mute this device`,
    unmute: t`Unmute this device`,
    level: t`Sound level`,
  },

  screen: {
    nextUp: t`Next up`,
    join: t`Add your music`,
    nextEmpty: t`Nothing yet. Scan the code and add a track.`,
    idle: t`Scan the code and add the first track.`,
    noSpeaker: t`No speaker yet. Choose “Play here” on a phone or a computer.`,
  },
} as const;

export const roleNames: Record<Role, string> = {
  host: t`Host`,
  cohost: t`Co-host`,
  player: t`Player`,
  listener: t`Listener`,
};

/** What was just done and can be undone. */
export function undoableText({ deed, by, member, title }: Note, target: string): string {
  if (deed === 'kick') return t`You removed ${target}.`;
  if (deed === 'skip') return text.undo.skipped(title ?? '');
  if (deed === 'dequeue') return text.undo.removed(title ?? '');
  if (member === by) return t`Your queue was cleared.`;
  return target === '' ? t`All queues were cleared.` : t`The queue of ${target} was cleared.`;
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
  return asSentence(reasonOf(entry, nameOf, mine));
}

function reasonOf(entry: Entry, nameOf: (id: UserId) => string, mine: boolean): string {
  const place = entry.place;
  if (place === undefined || place === null) return '';
  const names = place.behind.map(nameOf);
  const others = lists.format(names);
  const who = whoOf(names);
  const promoter = place.promoted_by ? nameOf(place.promoted_by) : null;
  if (promoter !== null && place.reason !== 'locked') {
    return promoter === text.room.you ? t`you play this next` : t`${promoter} plays this next`;
  }
  switch (place.reason) {
    case 'locked':
      return t`About to start`;
    case 'next':
      return t`Plays next`;
    case 'less_airtime':
      if (others === '') return t`By airtime so far`;
      return select(who, {
        you: 'you have played less so far',
        one: `${others} has played less so far`,
        youToo: `${others} have played less so far`,
        other: `${others} have played less so far`,
      });
    case 'waited_longer':
      if (others === '') return t`By waiting time`;
      return select(who, {
        you: 'you have waited longer',
        one: `${others} has waited longer`,
        youToo: `${others} have waited longer`,
        other: `${others} have waited longer`,
      });
    case 'fewer_turns':
      if (others === '') return t`By turns so far`;
      return select(who, {
        you: 'you have had fewer turns',
        one: `${others} has had fewer turns`,
        youToo: `${others} have had fewer turns`,
        other: `${others} have had fewer turns`,
      });
    case 'added_earlier':
      if (others === '') return t`In the order of adding`;
      return select(who, {
        you: 'you added earlier',
        one: `${others} added earlier`,
        youToo: `${others} added earlier`,
        other: `${others} added earlier`,
      });
    case 'voted':
      return others === '' ? t`By votes` : votedAfter(predecessors(names));
    case 'hosts_order':
      return t`Placed by the host`;
    case 'own_queue':
      return others === '' ? turnText(place.turn, mine) : turnAfter(place.turn, mine, predecessors(names));
  }
}

/** What the form of a verb depends on: `youToo` are several with the user among them. */
function whoOf(names: readonly string[]): 'you' | 'one' | 'youToo' | 'several' {
  if (names.includes(text.room.you)) return names.length === 1 ? 'you' : 'youToo';
  return names.length === 1 ? 'one' : 'several';
}

function predecessors(names: readonly string[]): string {
  const you = t({ message: 'you', context: 'after …' });
  return lists.format(names.map((name) => (name === text.room.you ? you : name)));
}

function votedAfter(others: string): string {
  return t`By votes, after ${others}`;
}

function turnText(turn: number, mine: boolean): string {
  return mine
    ? t`Your ${selectOrdinal(turn, { one: '#st', two: '#nd', few: '#rd', other: '#th' })} turn`
    : t`Their ${selectOrdinal(turn, { one: '#st', two: '#nd', few: '#rd', other: '#th' })} turn`;
}

function turnAfter(turn: number, mine: boolean, others: string): string {
  return mine
    ? t`Your ${selectOrdinal(turn, { one: '#st', two: '#nd', few: '#rd', other: '#th' })} turn, after ${others}`
    : t`Their ${selectOrdinal(turn, { one: '#st', two: '#nd', few: '#rd', other: '#th' })} turn, after ${others}`;
}

export function memberName(members: readonly Member[], id: UserId): string {
  return nameOfMember(members.find((known) => known.id === id));
}

/** `undefined`: a member who left. */
export function nameOfMember(member: Member | undefined): string {
  return member === undefined || member.name === '' ? text.room.unknownMember : shownName(member);
}

/** The name as others see it: one that looks like a host's is marked. */
export function shownName(member: Member): string {
  return member.look_alike === true ? text.room.lookAlike(member.name) : member.name;
}
