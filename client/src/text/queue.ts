import type { Entry, Policy, Settings, UserId } from '$protocol';
import type { Waits } from '../room/queue-state';
import { ordinal } from './common';

/** Texts about the order of play, votes, queues and played tracks. */
export const queueText = {
  past: 'History',
  own: 'from the fallback playlist',
  meanwhile: 'Until then the fallback playlist plays.',
  alsoFor: (names: string) => `also for ${names}`,
  votes: (count: number) => (Math.abs(count) === 1 ? `${signed(count)} vote` : `${signed(count)} votes`),
  sum: (count: number) => signed(count),
  voteUp: (title: string) => `Vote for ${title}`,
  voteDown: (title: string) => `Vote against ${title}`,
  voteDownShort: 'Vote against',
  voteSkip: 'Vote to skip',
  votedSkip: 'You voted to skip',
  skipCount: (votes: number, needed: number) => `${votes} of ${needed}`,
  skipCountLong: (votes: number, needed: number) => `${votes} of ${needed} votes to skip`,

  mineSum: (tracks: number, minutes: number) =>
    `${tracks === 1 ? 'One track' : `${tracks} tracks`}, ${minutes < 1 ? 'less than a minute' : `${minutes} min`}`,
  mineByVotes: 'Votes decide when each track plays.',
  mineByHost: 'The host decides the order, including your tracks.',
  movedTo: (title: string, place: number, of: number) => `“${title}” is now ${place} of ${of}.`,
  pause: 'Pause my queue',
  resume: 'Resume my queue',
  clear: 'Clear my queue',
  cleared: 'Your queue was cleared.',
  undoClear: 'Undo',
  lineNow: 'It is your turn: your tracks play now.',
  linePlace: (place: number) => (place === 1 ? 'You are next in line.' : `You are ${ordinal(place)} in line.`),
  stepDown: 'Let others play',
  suggestions: 'Your suggestions',
  suggestionsHint: 'Waiting for approval by a host.',
  withdraw: (title: string) => `Withdraw ${title}`,
  withdrawShort: 'Withdraw',

  inYourQueue: (place: number) => `In your queue, #${place}`,
  isInYourQueue: (title: string, place: number) => `“${title}” is in your queue, #${place}.`,
  addAgain: 'Add again',
  addAgainTrack: (title: string) => `Add ${title} to your queue again`,
  queuedBy: (name: string) => `${name} queued it`,
  queuedForBoth: (name: string) => `${name} queued it, for you too`,
  playsNow: 'Playing now',
  youSuggested: 'You suggested it',
  sending: 'Adding…',
  waitsForConnection: 'Added when you are back online',
  searchAgain: 'Try again',
  cannotAdd: 'You can’t add tracks at the moment. The host can change that.',
  suggestLead: 'Tracks you add here are suggestions: a host approves or declines them.',
  suggest: (title: string) => `Suggest ${title}`,
  suggested: (title: string) => `“${title}” was suggested. It joins your queue when it is approved.`,
  credited: (title: string) => `“${title}” is already waiting; now it plays for you too.`,
} as const;

/** Why the user's queue takes no part in the order, and what would change that. */
export const queueStateText: Record<Waits, string> = {
  paused: 'Your queue is paused: it keeps its order, and nothing plays until you resume it.',
  away: 'You were away, so your queue is on hold. It resumes in a moment.',
  role: 'Your queue is on hold: you can’t play music here at the moment. The host can change that.',
  line: 'Only a few people play at a time. Your queue waits for its turn.',
};

const policies: Record<Policy, string> = {
  fair: 'Everyone gets equal playing time.',
  rotation: 'Everyone takes turns, one track each.',
  fifo: 'First come, first served.',
  votes: 'Tracks with the most votes play first.',
  host: 'The host sets the order.',
};

/** How the order comes about, in one line. */
export function policyText(settings: Settings): string {
  const { players_max: playersMax, policy } = settings;
  if (playersMax === 0) return policies[policy];
  return `${policies[policy]} ${playersMax === 1 ? 'One person plays' : `${playersMax} people play`} at a time.`;
}

/** Who else wanted the track; empty when no one did. */
export function creditText(entry: Entry, nameOf: (id: UserId) => string): string {
  const names = (entry.credits ?? []).map(nameOf);
  return names.length === 0 ? '' : queueText.alsoFor(lists.format(names));
}

function signed(count: number): string {
  return count < 0 ? `−${-count}` : `${count}`;
}

const lists = new Intl.ListFormat('en', { type: 'conjunction' });
