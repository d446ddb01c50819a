import type { Entry, Policy, Settings, UserId } from '$protocol';
import type { Waits } from '../room/queue-state';
import { ordinal } from './common';

/** Texts about the order of play, votes, queues and played tracks. */
export const queueText = {
  past: 'Played so far',
  own: 'from the room’s own list',
  meanwhile: 'Until then the room’s own list plays.',
  alsoFor: (names: string) => `also for ${names}`,
  votes: (count: number) => (Math.abs(count) === 1 ? `${signed(count)} vote` : `${signed(count)} votes`),
  voteUp: (title: string) => `Vote for ${title}`,
  voteDown: (title: string) => `Vote against ${title}`,
  voteSkip: 'Vote to skip',
  votedSkip: 'You voted to skip',
  skipCount: (votes: number, needed: number) => `${votes} of ${needed}`,
  skipCountLong: (votes: number, needed: number) => `${votes} of ${needed} votes to skip`,

  mineSum: (tracks: number, minutes: number) =>
    `${tracks === 1 ? 'One track' : `${tracks} tracks`}, ${minutes < 1 ? 'less than a minute' : `${minutes} min`}`,
  mineByVotes: 'Here the votes of the others decide when each of them plays.',
  mineByHost: 'Here the host sets the order, of yours too.',
  movedTo: (title: string, place: number, of: number) => `“${title}” is now ${place} of ${of}.`,
  pause: 'Pause my queue',
  resume: 'Go on with my queue',
  clear: 'Clear my queue',
  cleared: 'Your queue was cleared.',
  undoClear: 'Put it back',
  unseen: 'What you have waiting is shown again when it is your turn.',
  lineNow: 'It is your turn: your tracks play now.',
  linePlace: (place: number) => (place === 1 ? 'You are next in line.' : `You are ${ordinal(place)} in line.`),
  stepDown: 'Let others play',
  suggestions: 'Your suggestions',
  suggestionsHint: 'Waiting for a yes from somebody who runs the room.',
  withdraw: (title: string) => `Withdraw ${title}`,
  withdrawShort: 'Withdraw',

  cannotAdd: 'You hear and see everything, but cannot add at the moment. The host can change that.',
  suggestLead: 'What you add here is a suggestion: somebody who runs the room says yes or no.',
  suggest: (title: string) => `Suggest ${title}`,
  suggested: (title: string) => `“${title}” is suggested. It joins your queue when somebody says yes.`,
  credited: (title: string) => `“${title}” is waiting already; now it is for you, too.`,
} as const;

/** Why the user's queue takes no part in the order, and what would change that. */
export const waitsWords: Record<Waits, string> = {
  paused: 'Your queue is paused: it keeps its order, and none of it plays until you go on.',
  away: 'You were away, so your queue waits. It joins in again in a moment.',
  role: 'Your queue waits: at the moment you may not play here. The host can change that.',
  line: 'Only so many play at a time here. Your queue waits for its turn.',
};

const policies: Record<Policy, string> = {
  fair: 'Turns are shared by airtime.',
  rotation: 'Everybody takes turns, one track each.',
  fifo: 'First come, first served.',
  votes: 'What has the most votes plays first.',
  host: 'The host sets the order.',
};

/** How the order comes about, in one line. */
export function policyWords(settings: Settings): string {
  const { players_max: playersMax, policy } = settings;
  if (playersMax === 0) return policies[policy];
  return `${policies[policy]} ${playersMax === 1 ? 'One person plays' : `${playersMax} people play`} at a time.`;
}

/** Who else wanted the track; empty when no one did. */
export function creditWords(entry: Entry, nameOf: (id: UserId) => string): string {
  const names = (entry.credits ?? []).map(nameOf);
  return names.length === 0 ? '' : queueText.alsoFor(lists.format(names));
}

function signed(count: number): string {
  return count < 0 ? `−${-count}` : `${count}`;
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' });
