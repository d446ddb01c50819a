import { plural, t } from '@lingui/core/macro';
import type { ConnectionState, Obstacle } from '../connection/connection';

/** Shown in the lobby. */
export const waitingText = {
  title: t`Waiting to be let in`,
  lead: (room: string | null) =>
    room === null
      ? t`Someone in the room has to let you in. Keep this page open: it continues by itself.`
      : t`Someone in ${room} has to let you in. Keep this page open: it continues by itself.`,
  as: (name: string) => t`They see you as ${name}.`,
  giveUp: t`Stop waiting`,
} as const;

/** Why there is no place for now, by close code. */
const busyText: Record<number, string> = {
  4006: t`The server has too much to do right now.`,
  4009: t`Too many devices of your network are connected. Another network, such as mobile data, may work.`,
  4010: t`The room is full.`,
  4011: t`Too many people are waiting to be let in.`,
};

const obstacleText: Record<Obstacle, string> = {
  server: t`The server doesn’t answer. Is it running, and is this device in its network?`,
  proxy: t`The server answers, but something on the way blocks the live connection: a proxy, firewall or content blocker that lets no WebSocket through.`,
  upstream: t`A proxy answers, but the server behind it doesn’t. Is it running, and does the proxy have its address?`,
};

/** For whoever can do something about it. */
const proxyRemedy = t`If this happens to everyone, the proxy in front of the server has to pass on the headers “Upgrade” and “Connection”. If it happens only to you, try another network or browser.`;

/** The state of the connection, and what still works. */
export function connectionText(state: ConnectionState, waiting: number): { short: string; long: string } {
  const kept =
    waiting === 0
      ? ''
      : plural(waiting, { one: 'One action is waiting to be sent.', other: '# actions are waiting to be sent.' });
  const triesAgain = t`The page tries again by itself.`;
  const busy = 'busy' in state ? busyText[state.busy ?? 0] : undefined;
  if (busy !== undefined) return { short: t`Trying again…`, long: sentences(busy, triesAgain, kept) };
  const obstacle = 'obstacle' in state ? state.obstacle : undefined;
  // A server that restarts does not answer for a moment.
  if (obstacle === 'proxy' || (obstacle !== undefined && state.name === 'connecting')) {
    const remedy = obstacle === 'proxy' ? proxyRemedy : '';
    return { short: t`Trying again…`, long: sentences(obstacleText[obstacle], remedy, triesAgain, kept) };
  }
  switch (state.name) {
    case 'connecting':
      return { short: t`Connecting…`, long: sentences(t`Connecting to the room.`, kept) };
    case 'online':
      return { short: t`Online`, long: '' };
    case 'reconnecting': {
      const lost = t`Connection lost, reconnecting. The music keeps playing, and you can still add and reorder tracks.`;
      return { short: t`Reconnecting…`, long: sentences(lost, kept) };
    }
    case 'waiting':
      return { short: t`Waiting…`, long: waitingText.lead(null) };
    case 'switching':
      return { short: t`Switching…`, long: '' };
    case 'offline': {
      const offline = t`This device is offline. The room may have changed since; the page reconnects by itself.`;
      return { short: t`Offline`, long: sentences(offline, kept) };
    }
    case 'closed':
      return { short: t`Closed`, long: '' };
  }
}

function sentences(...all: string[]): string {
  return all.filter((sentence) => sentence !== '').join(' ');
}

export interface Ending {
  title: string;
  lead: string;
  /** What to do about it. */
  action: 'home' | 'rejoin' | 'enter' | 'retry' | 'account';
}

export const actionNames: Record<Ending['action'], string> = {
  home: t`To the start page`,
  rejoin: t`Join again`,
  enter: t`Log in or join again`,
  retry: t`Try again`,
  account: t`Log in or create an account`,
};

/** Why the user cannot be in the room, by close code. */
export function endingText(code: number): Ending {
  switch (code) {
    case 4501:
      return {
        title: t`Please join again`,
        lead: t`This browser is no longer logged in. Join again with your name.`,
        action: 'rejoin',
      };
    case 4502:
      return {
        title: t`There is no such room`,
        lead: t`It may have ended, or the code has a typo. Ask for the code again, or start your own room.`,
        action: 'home',
      };
    case 4503:
      return {
        title: t`You can’t join this room`,
        lead: t`You’ve been banned from this room. You can join other rooms.`,
        action: 'home',
      };
    case 4504:
      return {
        title: t`The host removed you`,
        lead: t`Your queue was removed too; played tracks stay in the history. If it was a mistake, you can join again.`,
        action: 'rejoin',
      };
    case 4505:
      return { title: t`The passcode has changed`, lead: t`Ask the host and try again.`, action: 'rejoin' };
    case 4507:
      return {
        title: t`Too many open pages`,
        lead: t`You have rooms open on too many pages or devices. Close some of them, then try again.`,
        action: 'retry',
      };
    case 4508:
      return { title: t`The room is over`, lead: t`The host closed it. Thank you for the music.`, action: 'home' };
    case 4509:
      return {
        title: t`You were logged out`,
        lead: t`Your session was ended, here or from another device. You can log in or join again at any time.`,
        action: 'enter',
      };
    case 4510:
      return {
        title: t`You left this room`,
        lead: t`You left on another page or device, and your queue was removed. You can join again.`,
        action: 'rejoin',
      };
    case 4511:
      return {
        title: t`The room is locked`,
        lead: t`No one new can join right now. Ask the host to unlock it, then try again.`,
        action: 'retry',
      };
    case 4512:
      return {
        title: t`This room needs an account`,
        lead: t`Guests can’t join this room. Log in or create an account on this server; you keep your name.`,
        action: 'account',
      };
    case 4513:
      return {
        title: t`You were not let in this time`,
        lead: t`Someone in the room declined. Ask the host if it may have been a mistake, or join another room.`,
        action: 'home',
      };
    default:
      return {
        title: t`This page is out of date`,
        lead: t`The page and the server have different versions. Reloading usually helps.`,
        action: 'retry',
      };
  }
}
