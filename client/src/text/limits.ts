import { plural, t } from '@lingui/core/macro';
import { type LimitName, limits, type Problem, type Unit } from '../host/limits';
import type { PresetName } from '../host/presets';

/** Texts about a room's limits: what each is, and what its value means. */
export const limitsText = {
  preset: t`Rules`,
  presets: {
    party: [
      t`Party`,
      t`Everyone gets equal playing time and adds as much as they like; half the room can skip a track.`,
    ],
    strict: [
      t`Strict`,
      t`One track each in turn: up to three waiting per person, none over 8 minutes, no repeats within four hours.`,
    ],
    jukebox: [
      t`Jukebox`,
      t`Tracks play in the order they were added: up to five waiting per person, no repeats within an hour, no skipping by vote.`,
    ],
    custom: [t`Custom`, t`Your own mix of the order and the limits under Advanced.`],
  } satisfies Record<PresetName | 'custom', [string, string]>,
  presetInUse: t`in use`,
  advanced: t`Advanced`,
  lead: t`Leave a field empty, or enter 0, for no limit.`,
  groups: {
    each: t`For each person`,
    tracks: t`Which tracks`,
    skipping: t`Skipping by vote`,
    charge: t`Airtime`,
    line: t`Taking turns`,
  },
  duplicates: t`A track that is already waiting or playing`,
  explicit: t`Explicit tracks`,
  suggestions: t`Approve tracks first`,
  suggestionsOn: t`Tracks that people add wait for approval. Listeners can suggest tracks too.`,
  suggestionsOff: t`Tracks that people add go straight into their queue.`,
  apply: t`Apply`,
  discard: t`Discard changes`,
  applied: t`Limits applied.`,
  unsaved: t`You have changes that are not applied yet.`,
  wrong: t`Some values are not valid: see the fields.`,
} as const;

export const limitNames: Record<LimitName, string> = {
  entries_per_member_max: t`Tracks waiting`,
  minutes_per_member_max: t`Music waiting`,
  track_ms_max: t`Longest track`,
  track_cooldown_ms: t`Time before a track can repeat`,
  artist_cooldown_ms: t`Time before an artist can repeat`,
  vote_skip_share: t`Share of votes needed`,
  vote_skip_min: t`Votes needed at least`,
  players_max: t`People playing at a time`,
  step_down_after: t`Tracks per turn`,
  minimum_charge_ms: t`Minimum time charged per track`,
  debt_max_ms: t`Maximum time charged per track`,
  host_claim_after_ms: t`Time before a co-host can take over`,
};

/** What a limit's value means, as a sentence. The value is in the unit of its field and can have decimals. */
const meanings: Record<LimitName, (value: number) => string> = {
  entries_per_member_max: (tracks) =>
    tracks === 0
      ? t`No limit.`
      : t`Everyone may have ${plural(tracks, { one: 'one track', other: '# tracks' })} waiting.`,
  minutes_per_member_max: (minutes) =>
    minutes === 0
      ? t`No limit.`
      : t`Everyone may have ${plural(minutes, { one: 'one minute', other: '# minutes' })} of music waiting.`,
  track_ms_max: (minutes) =>
    minutes === 0
      ? t`Any length.`
      : t`Tracks longer than ${plural(minutes, { one: 'one minute', other: '# minutes' })} are refused.`,
  track_cooldown_ms: (minutes) =>
    minutes === 0
      ? t`Right away.`
      : t`Not within ${plural(minutes, { one: 'one minute', other: '# minutes' })} of its last start.`,
  artist_cooldown_ms: (minutes) =>
    minutes === 0
      ? t`Right away.`
      : t`No track by the same artist within ${plural(minutes, { one: 'one minute', other: '# minutes' })}.`,
  vote_skip_share: (percent) =>
    percent === 0
      ? t`Votes don’t skip tracks.`
      : t`A track is skipped when ${percent} % of the people here vote for it.`,
  vote_skip_min: (votes) =>
    votes < 2
      ? t`In a small room, one vote can be enough.`
      : plural(votes, { other: 'Never with fewer than # votes, even in a small room.' }),
  players_max: (people) =>
    people === 0
      ? t`Everyone plays.`
      : plural(people, {
          one: 'One person plays at a time; the others wait in line.',
          other: '# people play at a time; the others wait in line.',
        }),
  step_down_after: (tracks) =>
    tracks === 0
      ? t`They keep playing until their queue is empty.`
      : t`After ${plural(tracks, { one: 'one track', other: '# tracks' })} they go to the end of the line.`,
  minimum_charge_ms: (seconds) =>
    seconds === 0
      ? t`A track that is skipped right away costs nothing.`
      : t`Skipping right away still costs ${plural(seconds, { one: 'one second', other: '# seconds' })} of airtime.`,
  debt_max_ms: (minutes) =>
    minutes === 0
      ? t`A long track counts in full.`
      : t`Even a very long track counts as ${plural(minutes, { one: 'one minute', other: '# minutes' })} at most.`,
  host_claim_after_ms: (minutes) =>
    minutes === 0
      ? t`No one can take over the room.`
      : t`After ${plural(minutes, { one: 'one minute', other: '# minutes' })} without the host, a co-host can take over the room.`,
};

/** The maximum is written as users have to type it: without separators. */
const tooMuch: Record<Unit, (max: number) => string> = {
  tracks: (max) => plural(max, { other: `At most ${max} tracks.` }),
  minutes: (max) => plural(max, { other: `At most ${max} minutes.` }),
  seconds: (max) => plural(max, { other: `At most ${max} seconds.` }),
  percent: (max) => t`At most ${max} %.`,
  votes: (max) => plural(max, { other: `At most ${max} votes.` }),
  people: (max) => plural(max, { other: `At most ${max} people.` }),
  starts: (max) => plural(max, { other: `At most ${max} tracks.` }),
};

export function limitMeaning(name: LimitName, value: number): string {
  return meanings[name](Math.round((value / limits[name].scale) * 100) / 100);
}

export function limitProblem(name: LimitName, problem: Problem): string {
  const { unit, max } = limits[name];
  switch (problem) {
    case 'not_a_number':
      return t`Enter a number.`;
    case 'not_whole':
      return t`Enter a whole number.`;
    case 'too_much':
      return tooMuch[unit](max);
    case 'below_charge':
      return t`This is less than the minimum time charged. Enter more, or 0.`;
  }
}
