import { median, quantile } from '../../../client/src/util/numbers.ts';
import type { Growth } from '../apparatus/page-memory.ts';
import type { Row } from '../cells/cell.ts';
import type { Heard } from '../cells/measures.ts';

/** The complete result of a measurement, as stored; pages and plots are generated from it. */

export interface Machine {
  commit: string;
  /** The working tree had uncommitted changes. */
  changed: boolean;
  processor: string;
  cores: number;
  memory_gib: number;
  system: string;
  node: string;
  chromium: string;
  firefox: string;
  webkitgtk: string;
  pulseaudio: string;
}

/** A stall of the machine, in seconds of the recording. */
export interface Stall {
  at_s: number;
  length_ms: number;
}

export interface Run {
  cell: string;
  run: number;
  /** One-minute load average at the start of the run. */
  load: number;
  /** Stalls of a processor during the run; `null` without the permission to watch. */
  stalls: Stall[] | null;
  rows: Record<string, Heard>;
  /** Problems that make its figures doubtful. */
  troubles: string[];
  /** Why the run failed. */
  failed?: string;
}

/** The share of devices in sync, ten times a second. */
export interface Crowd {
  devices: number;
  seconds: number;
  load: number;
  /** The longest stall of the process that simulates all devices; figures during it are less reliable. */
  stood_still_ms: number;
  /** Maximum error of the room's time, the reference for all devices. */
  truth_ms: number;
  moments: { at_s: number; within_5: number; within_30: number }[];
  /** Each action, its time, and how long it took until nearly all devices were within 5 ms; `null`: not before the next. */
  acts: { at_s: number; what: string; together_s: number | null }[];
}

export interface Results {
  machine: Machine;
  command: string;
  began: string;
  seconds: number;
  load: number;
  /** Maximum offset that the apparatus measures between simultaneous sounds. */
  floor_ms: number | null;
  runs: Run[];
  crowd: Crowd | null;
}

/** Above this load the machine is not idle and the figures include its other work. */
export const IDLE_LOAD_MAX = 1;

/** How long players may be off after a stall: a sound card underran and its latency changed. */
export const RECOVERY_S = 3;

/** Splits figures into those that count and those excluded because of a stall during or just before them. */
export function splitByStalls(heard: Heard, stalls: readonly Stall[]): { counts: Heard; excluded: Heard } {
  const isDisturbed = (from_s: number, until_s: number) =>
    stalls.some(({ at_s, length_ms }) => at_s < until_s && from_s < at_s + length_ms / 1000 + RECOVERY_S);
  const isSecondDisturbed = (at_s: number) => isDisturbed(at_s, at_s + 1);
  const part = (disturbed: boolean): Heard => ({
    ...heard,
    windows: heard.windows.filter(
      ({ at_s, beside_s = at_s }) => [at_s, beside_s].some(isSecondDisturbed) === disturbed,
    ),
    gaps: heard.gaps.filter(({ at_s, length_ms }) => isDisturbed(at_s, at_s + length_ms / 1000) === disturbed),
    first: heard.first.filter(({ at_s, ms }) => isDisturbed(at_s, at_s + (ms ?? 0) / 1000) === disturbed),
  });
  return { counts: part(false), excluded: part(true) };
}

export interface Figures {
  runs: number;
  windows: number;
  /** Counted and excluded seconds or plays. */
  counted: number;
  excluded: number;
  /** Seconds without a measurement: one player was silent, or they played different sounds. */
  unheard: number;
  /** Quantiles of the absolute offset; `null` without a measurement. */
  median: number | null;
  p95: number | null;
  max: number | null;
  /** The share of seconds within what a page stated; `null` where none was asked. */
  stated: number | null;
  gaps: number;
  gap_ms_max: number;
  /** From `play` to the first sound. */
  first: { median: number; max: number } | null;
  /** Plays without any sound. */
  withoutSound: number;
  /** Of the page that grew most; `null` where that was not watched. */
  grown_mib: Growth | null;
  /** The median of what was played, in the order of playing. */
  loudness: { what: string; lufs: number }[];
  /** Between the loudest and the quietest figure of all runs. */
  loudness_range_lu: number | null;
}

/** The result of a row over these runs. */
export function figures(runs: readonly Listened[]): Figures {
  const parts = runs.map(({ heard, stalls }) => splitByStalls(heard, stalls));
  const heard = parts.map(({ counts }) => counts);
  const windows = heard.flatMap((one) => one.windows);
  const sizes = windows.flatMap((window) => ('offset_ms' in window ? [Math.abs(window.offset_ms)] : []));
  const stated = windows.flatMap((window) =>
    'offset_ms' in window && window.stated_ms !== undefined ? [Math.abs(window.offset_ms) <= window.stated_ms] : [],
  );
  const found = heard.flatMap((one) => one.gaps);
  const firsts = heard.flatMap((one) => one.first.map(({ ms }) => ms));
  const sounded = firsts.filter((ms) => ms !== null);
  const loudness = heard.flatMap((one) => one.loudness);
  const levels = loudness.map(({ lufs }) => lufs);
  const at = (share: number) => (sizes.length === 0 ? null : quantile(sizes, share));
  return {
    runs: heard.length,
    windows: windows.length,
    counted: windows.length + firsts.length,
    excluded: parts.reduce((sum, { excluded }) => sum + excluded.windows.length + excluded.first.length, 0),
    unheard: windows.length - sizes.length,
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    stated: stated.length === 0 ? null : stated.filter((within) => within).length / windows.length,
    gaps: found.length,
    gap_ms_max: Math.max(0, ...found.map(({ length_ms }) => length_ms)),
    first: sounded.length === 0 ? null : { median: quantile(sounded, 0.5), max: Math.max(...sounded) },
    withoutSound: firsts.length - sounded.length,
    grown_mib: largest(heard.flatMap((one) => one.grown_mib)),
    loudness: [...new Set(loudness.map(({ what }) => what))].map((what) => ({
      what,
      lufs: median(loudness.filter((one) => one.what === what).map(({ lufs }) => lufs)),
    })),
    loudness_range_lu: loudness.length === 0 ? null : quantile(levels, 1) - quantile(levels, 0),
  };
}

function largest(grown: readonly Growth[]): Growth | null {
  if (grown.length === 0) return null;
  return { most: Math.max(...grown.map(({ most }) => most)), held: Math.max(...grown.map(({ held }) => held)) };
}

/**
 * Whether the figures meet the target. A second without a measurement does not, nor do runs of which half were excluded.
 */
export function meetsTarget({ target }: Row, found: Figures): boolean {
  const within = (value: number | null | undefined, most: number | undefined) =>
    most === undefined || (value !== null && value !== undefined && value <= most);
  return (
    (target.stated === undefined || (found.stated !== null && found.stated >= target.stated)) &&
    within(found.median, target.median) &&
    within(found.p95, target.p95) &&
    within(found.max, target.max) &&
    within(found.first?.max, target.first) &&
    within(found.grown_mib?.held, target.held) &&
    within(found.loudness_range_lu, target.loudness) &&
    found.unheard === 0 &&
    found.withoutSound === 0 &&
    found.gaps === 0 &&
    (found.excluded === 0 || found.excluded < found.counted)
  );
}

/** The result of a row in one run, and the stalls. */
export interface Listened {
  heard: Heard;
  stalls: readonly Stall[];
}

/** One line for each run. */
export function rowResults({ runs }: Pick<Results, 'runs'>, row: string): Listened[] {
  return runs.flatMap(({ rows, stalls }) => {
    const heard = rows[row];
    return heard === undefined ? [] : [{ heard, stalls: stalls ?? [] }];
  });
}
