import { plural, selectOrdinal, t } from '@lingui/core/macro';
import type { Entry, Policy, Settings, UserId } from '$protocol';
import type { Waits } from '../room/queue-state';
import type { Shelf } from '../room/shelves';
import { lists } from './intl';

/** Texts about the order of play, votes, queues and played tracks. */
export const queueText = {
  past: t`History`,
  own: t`from the fallback playlist`,
  ownAlone: t`From the fallback playlist`,
  meanwhile: t`Until then the fallback playlist plays.`,
  playNext: t`Play next`,
  favourite: (title: string) => t`Favorite: ${title}`,
  favourites: t`Favorites`,
  favouritesLead: t`Kept on this device.`,
  votes: (count: number) => {
    const sum = signed(count);
    return plural(count, { one: `${sum} vote`, other: `${sum} votes` });
  },
  sum: (count: number) => signed(count),
  voteUp: (title: string) => t`Vote for ${title}`,
  voteDown: (title: string) => t`Vote against ${title}`,
  voteDownShort: t`Vote against`,
  voteSkip: t`Vote to skip`,
  votedSkip: t`You voted to skip`,
  skipCount: (votes: number, needed: number) => t`${votes} of ${needed}`,
  skipCountLong: (votes: number, needed: number) => plural(needed, { other: `${votes} of # votes to skip` }),

  mineSum: (tracks: number, minutes: number) =>
    minutes < 1
      ? plural(tracks, { one: 'One track, less than a minute', other: '# tracks, less than a minute' })
      : plural(tracks, { one: `One track, ${minutes} min`, other: `# tracks, ${minutes} min` }),
  mineByVotes: t`Votes decide when each track plays.`,
  mineByHost: t`The host decides the order, including your tracks.`,
  movedTo: (title: string, place: number, total: number) => t`“${title}” is now ${place} of ${total}.`,
  pause: t`Pause my queue`,
  resume: t`Resume my queue`,
  clear: t`Clear my queue`,
  cleared: t`Your queue was cleared.`,
  undoClear: t`Undo`,
  shelves: { tonight: t`Played tonight`, yours: t`Your earlier picks` } satisfies Record<Shelf, string>,
  shelfEmpty: {
    tonight: t`Nothing has been played yet. Played tracks appear here and can be added again.`,
    yours: t`Tracks that you added appear here once they have played, so that you can add them again.`,
  } satisfies Record<Shelf, string>,
  lineNow: t`It is your turn: your tracks play now.`,
  linePlace: (place: number) =>
    place === 1
      ? t`You are next in line.`
      : t`You are ${selectOrdinal(place, { one: '#st', two: '#nd', few: '#rd', other: '#th' })} in line.`,
  stepDown: t`Let others play`,
  suggestions: t`Your suggestions`,
  suggestionsHint: t`Waiting for approval by a host.`,
  withdraw: (title: string) => t`Withdraw ${title}`,
  withdrawShort: t`Withdraw`,

  inYourQueue: (place: number) => t`In your queue, #${place}`,
  isInYourQueue: (title: string, place: number) => t`“${title}” is in your queue, #${place}.`,
  addAgain: t`Add again`,
  addAgainTrack: (title: string) => t`Add ${title} to your queue again`,
  queuedBy: (name: string) => t`${name} queued it`,
  queuedForBoth: (name: string) => t`${name} queued it, for you too`,
  playsNow: t`Playing now`,
  youSuggested: t`You suggested it`,
  sending: t`Adding…`,
  waitsForConnection: t`Added when you are back online`,
  searchAgain: t`Try again`,
  cannotAdd: t`You can’t add tracks at the moment. The host can change that.`,
  suggestLead: t`Tracks you add here are suggestions: a host approves or declines them.`,
  suggest: (title: string) => t`Suggest ${title}`,
  suggested: (title: string) => t`“${title}” was suggested. It joins your queue when it is approved.`,
  credited: (title: string) => t`“${title}” is already waiting; now it plays for you too.`,
} as const;

/** Why the user's queue takes no part in the order, and what would change that. */
export const queueStateText: Record<Waits, string> = {
  paused: t`Your queue is paused: it keeps its order, and nothing plays until you resume it.`,
  away: t`You were away, so your queue is on hold. It resumes in a moment.`,
  role: t`Your queue is on hold: you can’t play music here at the moment. The host can change that.`,
  line: t`Only a few people play at a time. Your queue waits for its turn.`,
};

const policies: Record<Policy, string> = {
  fair: t`Everyone gets equal playing time.`,
  rotation: t`Everyone takes turns, one track each.`,
  fifo: t`First come, first served.`,
  votes: t`Tracks with the most votes play first.`,
  host: t`The host sets the order.`,
};

/** How the order comes about, in one line. */
export function policyText(settings: Settings): string {
  const { players_max: playersMax, policy } = settings;
  if (playersMax === 0) return policies[policy];
  const together = plural(playersMax, { one: 'One person plays at a time.', other: '# people play at a time.' });
  return `${policies[policy]} ${together}`;
}

/** Who else wanted the track; empty when no one did. */
export function creditText({ credits = [] }: Entry, me: UserId | null, nameOf: (id: UserId) => string): string {
  if (credits.length === 0) return '';
  const names = lists.format(credits.filter((id) => id !== me).map(nameOf));
  if (!credits.some((id) => id === me)) return t`also for ${names}`;
  return names === '' ? t`also for you` : t`also for you and ${names}`;
}

function signed(count: number): string {
  return count < 0 ? `−${-count}` : `${count}`;
}
