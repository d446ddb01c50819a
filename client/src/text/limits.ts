import { type LimitName, limits, type Problem } from '../host/limits';
import { unitNames } from './host';

/** Texts about a room's limits: what each is, and what its value means. */
export const limitsText = {
  lead: 'An empty field, or 0, means: no limit.',
  groups: {
    each: 'For each person',
    tracks: 'Which tracks',
    skipping: 'Skipping by vote',
    charge: 'Airtime',
    line: 'Taking turns at the desk',
  },
  duplicates: 'A track that is waiting or on already',
  explicit: 'Explicit tracks',
  suggestions: 'Ask before a track is taken',
  suggestionsOn: 'What people add waits until somebody who may decide says yes. Listeners can suggest, too.',
  suggestionsOff: 'What people add goes straight into their queue.',
  apply: 'Apply',
  discard: 'Forget these changes',
  applied: 'The limits are set.',
  unsaved: 'There are changes that are not applied yet.',
  wrong: 'Some of this cannot be applied yet: see the fields.',
} as const;

export const limitNames: Record<LimitName, string> = {
  entries_per_member_max: 'Tracks waiting',
  minutes_per_member_max: 'Music waiting',
  track_ms_max: 'Longest track',
  track_cooldown_ms: 'Until a track may come again',
  artist_cooldown_ms: 'Until an artist may come again',
  vote_skip_share: 'Share that must agree',
  players_max: 'People who play at a time',
  step_down_after: 'Tracks before the next takes over',
  minimum_charge_ms: 'Least that a start counts',
  debt_max_ms: 'Most that a start counts',
  host_claim_after_ms: 'Until a co-host may take the room over',
};

const minutes = (count: number) => (count === 1 ? 'one minute' : `${count} minutes`);

/** What a limit's value means, as a sentence. `value` is in the unit of its field. */
const meanings: Record<LimitName, (value: number) => string> = {
  entries_per_member_max: (n) =>
    n === 0 ? 'As many as they like.' : `Everybody may have ${n === 1 ? 'one track' : `${n} tracks`} waiting.`,
  minutes_per_member_max: (n) =>
    n === 0 ? 'As much as they like.' : `Everybody may have ${minutes(n)} of music waiting.`,
  track_ms_max: (n) => (n === 0 ? 'Any length is fine.' : `Nothing longer than ${minutes(n)} is taken.`),
  track_cooldown_ms: (n) => (n === 0 ? 'At once.' : `Not within ${minutes(n)} of its start.`),
  artist_cooldown_ms: (n) => (n === 0 ? 'At once.' : `Nothing by them within ${minutes(n)} of a start.`),
  vote_skip_share: (n) =>
    n === 0 ? 'Nothing is skipped by votes.' : `A track is skipped when ${n} per cent of those who are here want it.`,
  players_max: (n) =>
    n === 0 ? 'Everybody plays.' : `${n === 1 ? 'One plays' : `${n} play`}, the others wait in line.`,
  step_down_after: (n) =>
    n === 0
      ? 'Whoever plays stays until their queue is empty.'
      : `After ${n === 1 ? 'one track' : `${n} tracks`} they go to the end of the line.`,
  minimum_charge_ms: (n) =>
    n === 0
      ? 'A track that is skipped at once costs nothing.'
      : `Skipping at once still costs ${n === 1 ? 'one second' : `${n} seconds`} of airtime.`,
  debt_max_ms: (n) =>
    n === 0 ? 'A long track counts in full.' : `Even a very long track counts as ${minutes(n)} at most.`,
  host_claim_after_ms: (n) =>
    n === 0 ? 'Nobody may take it over.' : `After ${minutes(n)} without the host, a co-host may take the room over.`,
};

export function limitMeaning(name: LimitName, value: number): string {
  return meanings[name](Math.round((value / limits[name].scale) * 100) / 100);
}

export function limitProblem(name: LimitName, problem: Problem): string {
  const { unit, max } = limits[name];
  switch (problem) {
    case 'not_a_number':
      return 'This takes a number.';
    case 'not_whole':
      return 'This takes a whole number.';
    case 'too_much':
      return `At most ${max} ${unitNames[unit]}.`;
    case 'below_charge':
      return 'This is less than the least that a start counts. Make it more, or 0.';
  }
}
