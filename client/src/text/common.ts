import { plural, t } from '@lingui/core/macro';

/**
 * The texts that the start page and the way into a room need. `room.ts` adds those of a room; texts of other parts that are
 * loaded later are in the other files of this folder.
 */
export const text = {
  appName: 'Tutti',
  loading: t`One moment…`,
  playingTitle: (track: string, room: string) => `${track} · ${room}`,

  landing: {
    title: t`One room, everyone’s music.`,
    lead: t`Start a room and share the code. Everyone adds music, and turns are shared fairly.`,
    yourName: t`Your name`,
    yourNameHint: t`Others see this name. No account needed.`,
    startTitle: t`Start a room`,
    roomName: t`Room name`,
    optional: t`optional`,
    passcode: t`Passcode`,
    passcodeHint: t`Newcomers need it to join.`,
    moreOptions: t`Name and passcode`,
    start: t`Start a room`,
    starting: t`Opening the room…`,
    remoteOnly: t`Remote only`,
    remoteOnlyHint: t`The music plays on another device.`,
    joinTitle: t`Join a room`,
    code: t`Room code`,
    codeHint: t`Six letters and digits, on the host’s screen.`,
    codeUnknown: t`No room has this code. Check it and try again.`,
    codeInvalid: t`A room code has six letters and digits, such as 7KM2QX.`,
    join: t`Join`,
    recent: t`Your rooms`,
    hostedBy: (name: string) => t`hosted by ${name}`,
    account: t`Profile`,
    defaultRoomName: (name: string) => t`${name}’s room`.slice(0, 60),
    nameMissing: t`Type a name first, so that others know who you are.`,
    haveCode: t`I have a code from my other device`,
  },

  join: {
    title: (room: string) => t`Join ${room}`,
    titleUnknown: (code: string) => t`Join room ${code}`,
    host: (name: string) => t`${name} is the host.`,
    as: t`Your name`,
    passcode: t`Passcode`,
    passcodeHint: t`The host can tell you.`,
    passcodeWrong: t`That was not the passcode. Ask the host and try again.`,
    join: t`Join the room`,
    joining: t`Joining…`,
  },

  notFound: {
    title: t`There is nothing here`,
    lead: t`The address may have been mistyped.`,
    home: t`To the start page`,
  },
  failedToLoad: {
    title: t`The server cannot be reached`,
    lead: t`Check your network. Nothing is lost: rooms keep playing.`,
    again: t`Try again`,
  },
  offline: {
    title: t`This device is offline`,
    lead: t`The page continues when the network is back. Nothing is lost: rooms keep playing.`,
  },
  away: {
    lead: t`It may be switched off, or this device is in another network. The page tries again by itself.`,
    asking: t`Trying again…`,
  },
  people: {
    menuOf: (name: string) => t`${name}, menu`,
    label: t`people on this device`,
    labelOf: (name: string) => t`${name}, people on this device`,
    choose: t`Who are you?`,
    toMe: t`Your profile`,
    toOperator: t`Administration`,
    gone: t`They are no longer logged in on this device.`,
    handOver: t`Use another device`,
    install: t`Install the app`,
  },
  spotify: {
    continue: t`Continue with Spotify`,
    elsewhere: (address: string) =>
      t`Spotify only returns to ${address}, so this opens the same page there first. Continue from there.`,
    done: (name: string) => t`You are ${name} here, and Spotify is linked.`,
  },
  undo: {
    label: t`Undo`,
    done: t`Undone.`,
    nothing: t`There was nothing to clear.`,
    removed: (title: string) => t`Removed “${title}”.`,
    skipped: (title: string) => t`Skipped “${title}”.`,
  },
  login: t`Log in`,
  loginOrRegister: t`Log in or create an account`,
  youAre: (name: string) => t`You are now ${name}.`,
  notNow: t`Not right now`,
  tooOften: (time: string) => t`Too many attempts. Try again in ${time}.`,
} as const;

/** A waiting time, rounded to what users need. */
export function waitingTime(ms: number): string {
  const seconds = Math.max(1, Math.ceil(ms / 1000));
  if (seconds < 120) {
    return t({
      message: plural(seconds, { one: 'one second', other: '# seconds' }),
      comment: 'A time, as in “Try again in one second.” The other times stand in the same sentences.',
    });
  }
  const minutes = Math.ceil(seconds / 60);
  if (minutes < 120) return plural(minutes, { one: 'one minute', other: '# minutes' });
  const hours = Math.round(minutes / 60);
  return plural(hours, { one: 'about one hour', other: 'about # hours' });
}
