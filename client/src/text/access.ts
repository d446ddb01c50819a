import type { ConnectionState } from '../connection/connection';

/** Shown in the lobby. */
export const waitingText = {
  title: 'Waiting to be let in',
  lead: (room: string | null) =>
    `Somebody in ${room ?? 'the room'} is being asked. Keep this page open: as soon as they say yes, the room opens by itself.`,
  as: (name: string) => `They see you as ${name}.`,
  giveUp: 'Stop waiting',
} as const;

/** The state of the connection, and what still works. */
export function connectionWords(state: ConnectionState['name'], waiting: number): { short: string; long: string } {
  const kept =
    waiting === 0
      ? ''
      : ` ${waiting === 1 ? 'One thing waits' : `${waiting} things wait`} to be sent, and will be sent once.`;
  switch (state) {
    case 'connecting':
      return { short: 'Connecting…', long: `Looking for the room.${kept}` };
    case 'online':
      return { short: 'Online', long: '' };
    case 'reconnecting':
      return {
        short: 'Reconnecting…',
        long: `The connection broke off; coming back by itself. What plays goes on, and you can still add and reorder.${kept}`,
      };
    case 'waiting':
      return { short: 'Waiting…', long: waitingText.lead(null) };
    case 'switching':
      return { short: 'Switching…', long: '' };
    case 'offline':
      return {
        short: 'Offline',
        long: `This device has no network. What is shown was true a moment ago; it returns by itself with the network.${kept}`,
      };
    case 'closed':
      return { short: 'Closed', long: '' };
  }
}

export interface Ending {
  title: string;
  lead: string;
  /** What to do about it. */
  action: 'home' | 'rejoin' | 'enter' | 'retry' | 'account';
}

export const actionNames: Record<Ending['action'], string> = {
  home: 'To the start page',
  rejoin: 'Join again',
  enter: 'Log in or join again',
  retry: 'Try again',
  account: 'Log in or create an account',
};

/** Why the user cannot be in the room, by close code. */
export function endingWords(code: number): Ending {
  switch (code) {
    case 4501:
      return {
        title: 'You need to introduce yourself again',
        lead: 'This browser is no longer known here. Join again with your name.',
        action: 'rejoin',
      };
    case 4502:
      return {
        title: 'There is no such room',
        lead: 'It may be over, or the code was mistyped. Ask for the code again, or start a room of your own.',
        action: 'home',
      };
    case 4503:
      return {
        title: 'You cannot enter this room',
        lead: 'It was decided that you may not come back to it. Other rooms are open to you.',
        action: 'home',
      };
    case 4504:
      return {
        title: 'The host removed you',
        lead: 'Your queue went with you; what you played stays in the room’s memory. If it was a mistake, you can come back.',
        action: 'rejoin',
      };
    case 4505:
      return { title: 'The passcode is another one', lead: 'Ask the host and try again.', action: 'rejoin' };
    case 4507:
      return {
        title: 'Too many open at once',
        lead: 'You have this or other rooms open many times. Close some of them, then try again.',
        action: 'retry',
      };
    case 4508:
      return { title: 'The room is over', lead: 'The host closed it. Thank you for the music.', action: 'home' };
    case 4509:
      return {
        title: 'You were logged out',
        lead: 'This login was ended, here or from another device. The room goes on; come in again whenever you like.',
        action: 'enter',
      };
    case 4510:
      return {
        title: 'You left this room',
        lead: 'You did so on another page or device, and your queue went with you. You can come back.',
        action: 'rejoin',
      };
    case 4511:
      return {
        title: 'The room is locked',
        lead: 'Nobody new comes in at the moment. Ask the host to open it, then try again.',
        action: 'retry',
      };
    case 4512:
      return {
        title: 'This room asks for an account',
        lead: 'Guests stay outside here. With an account of this server you come in, and keep your name.',
        action: 'account',
      };
    case 4513:
      return {
        title: 'You were not let in this time',
        lead: 'Somebody in the room decided so. Ask the host, if it may have been a mistake; other rooms are open to you.',
        action: 'home',
      };
    default:
      return {
        title: 'This page and the server do not understand each other',
        lead: 'One of them is newer than the other. Loading the page again usually helps.',
        action: 'retry',
      };
  }
}
