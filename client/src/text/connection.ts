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

/** Guests see it too: they may know who runs the proxy. */
const proxyRemedy = t`If this happens to everyone, the proxy in front of the server has to pass on the headers “Upgrade” and “Connection”. If it happens only to you, try another network or browser.`;

export interface ConnectionText {
  short: string;
  /** What is wrong, in a few words, for a page that shows nothing else. */
  title: string | null;
  /** And what still works. */
  long: string;
}

/** The state of the connection. */
export function connectionText(state: ConnectionState, waiting: number): ConnectionText {
  const kept =
    waiting === 0
      ? ''
      : plural(waiting, { one: 'One action is waiting to be sent.', other: '# actions are waiting to be sent.' });
  const triesAgain = t`The page tries again by itself.`;
  const busy = 'busy' in state ? busyText[state.busy ?? 0] : undefined;
  const again = t`Trying again…`;
  if (busy !== undefined)
    return { short: again, title: t`It’s too busy right now`, long: sentences(busy, triesAgain, kept) };
  const obstacle = 'obstacle' in state ? state.obstacle : undefined;
  // A server that restarts does not answer for a moment.
  if (obstacle === 'proxy' || (obstacle !== undefined && state.name === 'connecting')) {
    const remedy = obstacle === 'proxy' ? proxyRemedy : '';
    const long = sentences(obstacleText[obstacle], remedy, triesAgain, kept);
    return { short: again, title: t`The room can’t be reached`, long };
  }
  const texts = stateText(state.name, kept);
  return { ...texts, title: state.name === 'offline' ? texts.short : null };
}

function stateText(name: ConnectionState['name'], kept: string): Pick<ConnectionText, 'short' | 'long'> {
  switch (name) {
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
