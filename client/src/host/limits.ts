import type { Settings, SettingsChange } from '$protocol';

/** Numeric limits, in units that users understand. */
export type Unit = 'tracks' | 'minutes' | 'seconds' | 'percent' | 'votes' | 'people' | 'starts';

interface Limit {
  unit: Unit;
  /** Wire value of one unit. */
  scale: number;
  /** The server's maximum, in the unit. */
  max: number;
}

const MINUTE_MS = 60_000;
const WEEK_MINUTES = 7 * 24 * 60;

/** The server refuses values outside the range; telling the user before is friendlier. */
export const limits = {
  entries_per_member_max: { unit: 'tracks', scale: 1, max: 1_000 },
  minutes_per_member_max: { unit: 'minutes', scale: 1, max: 10_000 },
  track_ms_max: { unit: 'minutes', scale: MINUTE_MS, max: WEEK_MINUTES },
  track_cooldown_ms: { unit: 'minutes', scale: MINUTE_MS, max: WEEK_MINUTES },
  artist_cooldown_ms: { unit: 'minutes', scale: MINUTE_MS, max: WEEK_MINUTES },
  vote_skip_share: { unit: 'percent', scale: 1, max: 100 },
  vote_skip_min: { unit: 'votes', scale: 1, max: 5_000 },
  players_max: { unit: 'people', scale: 1, max: 5_000 },
  step_down_after: { unit: 'starts', scale: 1, max: 1_000 },
  minimum_charge_ms: { unit: 'seconds', scale: 1_000, max: 600 },
  debt_max_ms: { unit: 'minutes', scale: MINUTE_MS, max: WEEK_MINUTES },
  host_claim_after_ms: { unit: 'minutes', scale: MINUTE_MS, max: WEEK_MINUTES },
} as const satisfies Partial<Record<keyof Settings, Limit>>;

export type LimitName = keyof typeof limits;

/** The text in the field of a limit. */
export function shownLimit(name: LimitName, value: number): string {
  return String(Math.round((value / limits[name].scale) * 100) / 100);
}

export type ReadLimit = { value: number } | { problem: 'not_a_number' | 'too_much' | 'not_whole' };

/** Parses the text of a field. Empty means no limit. */
export function readLimit(name: LimitName, typed: string): ReadLimit {
  const { scale, max } = limits[name];
  const text = typed.trim().replace(',', '.');
  const shown = text === '' ? 0 : Number(text);
  if (!Number.isFinite(shown) || shown < 0 || !/^[\d.]*$/.test(text)) return { problem: 'not_a_number' };
  if (shown > max) return { problem: 'too_much' };
  if (scale === 1 && !Number.isInteger(shown)) return { problem: 'not_whole' };
  return { value: Math.round(shown * scale) };
}

export type Edits = Partial<Record<LimitName, string>>;
/** Text that the user has changed in the form and not applied yet. */
export interface LimitsDraft {
  typed: Edits;
  picked: Partial<Pick<Settings, 'policy' | 'duplicates' | 'explicit' | 'suggestions'>>;
}

export type Problem = 'not_a_number' | 'too_much' | 'not_whole' | 'below_charge';

/** What is wrong with the text, by field. */
export function problemsOf(settings: Settings, edits: Edits): Partial<Record<LimitName, Problem>> {
  const problems: Partial<Record<LimitName, Problem>> = {};
  const after: Settings = { ...settings };
  for (const [name, typed] of Object.entries(edits) as [LimitName, string][]) {
    const read = readLimit(name, typed);
    if ('problem' in read) problems[name] = read.problem;
    else after[name] = read.value;
  }
  const { debt_max_ms, minimum_charge_ms } = after;
  if (debt_max_ms !== 0 && debt_max_ms < minimum_charge_ms) problems.debt_max_ms ??= 'below_charge';
  return problems;
}

/**
 * Only values that differ from the room's, so that another host's concurrent changes are kept. A field that shows a
 * rounded value, untouched or retyped, changes nothing.
 */
export function changeOf(settings: Settings, edits: Edits): SettingsChange {
  const change: SettingsChange = {};
  for (const [name, typed] of Object.entries(edits) as [LimitName, string][]) {
    const read = readLimit(name, typed);
    if ('problem' in read || typed.trim() === shownLimit(name, settings[name])) continue;
    if (read.value !== settings[name]) change[name] = read.value;
  }
  return change;
}

/** As `changeOf`, for the whole form. */
export function changedLimits(settings: Settings, { typed, picked }: LimitsDraft): SettingsChange {
  const differs = ([name, value]: [string, unknown]) => settings[name as keyof Settings] !== value;
  return { ...changeOf(settings, typed), ...Object.fromEntries(Object.entries(picked).filter(differs)) };
}
