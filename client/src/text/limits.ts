import { type LimitName, limits, type Problem } from '../host/limits';
import { unitNames } from './host';

/** Texts about a room's limits: what each is, and what its value means. */
export const limitsText = {
  lead: 'Leave a field empty, or enter 0, for no limit.',
  groups: {
    each: 'For each person',
    tracks: 'Which tracks',
    skipping: 'Skipping by vote',
    charge: 'Airtime',
    line: 'Taking turns',
  },
  duplicates: 'A track that is already waiting or playing',
  explicit: 'Explicit tracks',
  suggestions: 'Approve tracks first',
  suggestionsOn: 'Tracks that people add wait for approval. Listeners can suggest tracks too.',
  suggestionsOff: 'Tracks that people add go straight into their queue.',
  apply: 'Apply',
  discard: 'Discard changes',
  applied: 'Limits applied.',
  unsaved: 'You have changes that are not applied yet.',
  wrong: 'Some values are not valid: see the fields.',
} as const;

export const limitNames: Record<LimitName, string> = {
  entries_per_member_max: 'Tracks waiting',
  minutes_per_member_max: 'Music waiting',
  track_ms_max: 'Longest track',
  track_cooldown_ms: 'Time before a track can repeat',
  artist_cooldown_ms: 'Time before an artist can repeat',
  vote_skip_share: 'Share of votes needed',
  players_max: 'People playing at a time',
  step_down_after: 'Tracks per turn',
  minimum_charge_ms: 'Minimum time charged per track',
  debt_max_ms: 'Maximum time charged per track',
  host_claim_after_ms: 'Time before a co-host can take over',
};

const minutes = (count: number) => (count === 1 ? 'one minute' : `${count} minutes`);

/** What a limit's value means, as a sentence. `value` is in the unit of its field. */
const meanings: Record<LimitName, (value: number) => string> = {
  entries_per_member_max: (n) =>
    n === 0 ? 'No limit.' : `Everyone may have ${n === 1 ? 'one track' : `${n} tracks`} waiting.`,
  minutes_per_member_max: (n) => (n === 0 ? 'No limit.' : `Everyone may have ${minutes(n)} of music waiting.`),
  track_ms_max: (n) => (n === 0 ? 'Any length.' : `Tracks longer than ${minutes(n)} are refused.`),
  track_cooldown_ms: (n) => (n === 0 ? 'Right away.' : `Not within ${minutes(n)} of its last start.`),
  artist_cooldown_ms: (n) => (n === 0 ? 'Right away.' : `No track by the same artist within ${minutes(n)}.`),
  vote_skip_share: (n) =>
    n === 0 ? 'Votes don’t skip tracks.' : `A track is skipped when ${n} % of the people here vote for it.`,
  players_max: (n) =>
    n === 0
      ? 'Everyone plays.'
      : `${n === 1 ? 'One person plays' : `${n} people play`} at a time; the others wait in line.`,
  step_down_after: (n) =>
    n === 0
      ? 'They keep playing until their queue is empty.'
      : `After ${n === 1 ? 'one track' : `${n} tracks`} they go to the end of the line.`,
  minimum_charge_ms: (n) =>
    n === 0
      ? 'A track that is skipped right away costs nothing.'
      : `Skipping right away still costs ${n === 1 ? 'one second' : `${n} seconds`} of airtime.`,
  debt_max_ms: (n) =>
    n === 0 ? 'A long track counts in full.' : `Even a very long track counts as ${minutes(n)} at most.`,
  host_claim_after_ms: (n) =>
    n === 0
      ? 'No one can take over the room.'
      : `After ${minutes(n)} without the host, a co-host can take over the room.`,
};

export function limitMeaning(name: LimitName, value: number): string {
  return meanings[name](Math.round((value / limits[name].scale) * 100) / 100);
}

export function limitProblem(name: LimitName, problem: Problem): string {
  const { unit, max } = limits[name];
  switch (problem) {
    case 'not_a_number':
      return 'Enter a number.';
    case 'not_whole':
      return 'Enter a whole number.';
    case 'too_much':
      return `At most ${max} ${unitNames[unit]}.`;
    case 'below_charge':
      return 'This is less than the minimum time charged. Enter more, or 0.';
  }
}
