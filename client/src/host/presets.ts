import type { Settings } from '$protocol';
import { type LimitName, type LimitsDraft, shownLimit } from './limits';

/** What a preset decides. Approval and explicit tracks are the host's own choice beside it. */
type Preset = Pick<
  Settings,
  | 'policy'
  | 'duplicates'
  | 'entries_per_member_max'
  | 'minutes_per_member_max'
  | 'track_ms_max'
  | 'track_cooldown_ms'
  | 'artist_cooldown_ms'
  | 'vote_skip_share'
  | 'vote_skip_min'
  | 'players_max'
  | 'step_down_after'
  | 'minimum_charge_ms'
  | 'debt_max_ms'
>;

const MINUTE_MS = 60_000;

/** The settings of a new room. */
const party: Preset = {
  policy: 'fair',
  duplicates: 'allow',
  entries_per_member_max: 0,
  minutes_per_member_max: 0,
  track_ms_max: 0,
  track_cooldown_ms: 0,
  artist_cooldown_ms: 0,
  vote_skip_share: 50,
  vote_skip_min: 0,
  players_max: 0,
  step_down_after: 0,
  minimum_charge_ms: 30_000,
  debt_max_ms: 10 * MINUTE_MS,
};

export const presets = {
  party,
  strict: {
    ...party,
    policy: 'rotation',
    duplicates: 'refuse',
    entries_per_member_max: 3,
    track_ms_max: 8 * MINUTE_MS,
    track_cooldown_ms: 240 * MINUTE_MS,
    artist_cooldown_ms: 30 * MINUTE_MS,
  },
  jukebox: {
    ...party,
    policy: 'fifo',
    duplicates: 'refuse',
    entries_per_member_max: 5,
    track_cooldown_ms: 60 * MINUTE_MS,
    vote_skip_share: 0,
  },
} as const satisfies Record<string, Preset>;

export type PresetName = keyof typeof presets;

const names = Object.keys(presets) as PresetName[];

/** Numbers that are shown alike count as equal: the form cannot tell them apart either. */
function isEqual(key: keyof Preset, one: Preset[typeof key], other: Preset[typeof key]): boolean {
  if (typeof one !== 'number' || typeof other !== 'number') return one === other;
  return shownLimit(key as LimitName, one) === shownLimit(key as LimitName, other);
}

/** The preset that these settings are; `custom` when they are none. */
export function presetOf(settings: Preset): PresetName | 'custom' {
  const keys = Object.keys(party) as (keyof Preset)[];
  return names.find((name) => keys.every((key) => isEqual(key, settings[key], presets[name][key]))) ?? 'custom';
}

/** The form filled in by a preset, with the choices that it leaves alone. */
export function draftOf(name: PresetName, draft: LimitsDraft): LimitsDraft {
  const { policy, duplicates, ...numbers } = presets[name];
  const typed = Object.entries(numbers) as [keyof typeof numbers, number][];
  return {
    typed: Object.fromEntries(typed.map(([limit, value]) => [limit, shownLimit(limit, value)])),
    picked: { ...draft.picked, policy, duplicates },
  };
}
