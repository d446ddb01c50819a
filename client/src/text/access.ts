import type { ConnectionState, Obstacle } from '../connection/connection';

/** Shown in the lobby. */
export const waitingText = {
  title: 'Waiting to be let in',
  lead: (room: string | null) =>
    `Someone in ${room ?? 'the room'} has to let you in. Keep this page open: it continues by itself.`,
  as: (name: string) => `They see you as ${name}.`,
  giveUp: 'Stop waiting',
} as const;

/** Why there is no place for now, by close code. */
const busyText: Record<number, string> = {
  4006: 'The server has too much to do right now.',
  4009: 'Too many devices of your network are connected. Another network, such as mobile data, may work.',
  4010: 'The room is full.',
  4011: 'Too many people are waiting to be let in.',
};

const obstacleText: Record<Obstacle, string> = {
  server: 'The server doesn’t answer. Is it running, and is this device in its network?',
  proxy:
    'The server answers, but something on the way blocks the live connection: a proxy, firewall or content blocker that lets no WebSocket through.',
};

/** The state of the connection, and what still works. */
export function connectionText(state: ConnectionState, waiting: number): { short: string; long: string } {
  const kept =
    waiting === 0 ? '' : ` ${waiting === 1 ? 'One action is' : `${waiting} actions are`} waiting to be sent.`;
  const busy = 'busy' in state ? busyText[state.busy ?? 0] : undefined;
  if (busy !== undefined) return { short: 'Trying again…', long: `${busy} The page tries again by itself.${kept}` };
  const obstacle = 'obstacle' in state ? state.obstacle : undefined;
  // A server that restarts does not answer for a moment.
  if (obstacle === 'proxy' || (obstacle === 'server' && state.name === 'connecting')) {
    const long = `${obstacleText[obstacle]} The page tries again by itself.${kept}`;
    return { short: 'Trying again…', long };
  }
  switch (state.name) {
    case 'connecting':
      return { short: 'Connecting…', long: `Connecting to the room.${kept}` };
    case 'online':
      return { short: 'Online', long: '' };
    case 'reconnecting':
      return {
        short: 'Reconnecting…',
        long: `Connection lost, reconnecting. The music keeps playing, and you can still add and reorder tracks.${kept}`,
      };
    case 'waiting':
      return { short: 'Waiting…', long: waitingText.lead(null) };
    case 'switching':
      return { short: 'Switching…', long: '' };
    case 'offline':
      return {
        short: 'Offline',
        long: `This device is offline. The room may have changed since; the page reconnects by itself.${kept}`,
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
export function endingText(code: number): Ending {
  switch (code) {
    case 4501:
      return {
        title: 'Please join again',
        lead: 'This browser is no longer logged in. Join again with your name.',
        action: 'rejoin',
      };
    case 4502:
      return {
        title: 'There is no such room',
        lead: 'It may have ended, or the code has a typo. Ask for the code again, or start your own room.',
        action: 'home',
      };
    case 4503:
      return {
        title: 'You can’t join this room',
        lead: 'You’ve been banned from this room. You can join other rooms.',
        action: 'home',
      };
    case 4504:
      return {
        title: 'The host removed you',
        lead: 'Your queue was removed too; played tracks stay in the history. If it was a mistake, you can join again.',
        action: 'rejoin',
      };
    case 4505:
      return { title: 'The passcode has changed', lead: 'Ask the host and try again.', action: 'rejoin' };
    case 4507:
      return {
        title: 'Too many open pages',
        lead: 'You have rooms open on too many pages or devices. Close some of them, then try again.',
        action: 'retry',
      };
    case 4508:
      return { title: 'The room is over', lead: 'The host closed it. Thank you for the music.', action: 'home' };
    case 4509:
      return {
        title: 'You were logged out',
        lead: 'Your session was ended, here or from another device. You can log in or join again at any time.',
        action: 'enter',
      };
    case 4510:
      return {
        title: 'You left this room',
        lead: 'You left on another page or device, and your queue was removed. You can join again.',
        action: 'rejoin',
      };
    case 4511:
      return {
        title: 'The room is locked',
        lead: 'No one new can join right now. Ask the host to unlock it, then try again.',
        action: 'retry',
      };
    case 4512:
      return {
        title: 'This room needs an account',
        lead: 'Guests can’t join this room. Log in or create an account on this server; you keep your name.',
        action: 'account',
      };
    case 4513:
      return {
        title: 'You were not let in this time',
        lead: 'Someone in the room declined. Ask the host if it may have been a mistake, or join another room.',
        action: 'home',
      };
    default:
      return {
        title: 'This page is out of date',
        lead: 'The page and the server have different versions. Reloading usually helps.',
        action: 'retry',
      };
  }
}
