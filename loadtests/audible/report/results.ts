import { quantile } from '../../../client/src/util/numbers.ts';
import type { Row } from '../cells/cells.ts';
import type { Heard } from '../cells/judge.ts';

/** All that a measurement came to, as it is written down; everything else is made of it. */

export interface Machine {
  commit: string;
  /** Files differed from that commit. */
  changed: boolean;
  processor: string;
  cores: number;
  memory_gib: number;
  system: string;
  node: string;
  chromium: string;
  pulseaudio: string;
}

/** The machine itself stood still. In seconds of the recording. */
export interface Standstill {
  at_s: number;
  length_ms: number;
}

export interface Run {
  cell: string;
  run: number;
  /** Load average of one minute as the run began. */
  load: number;
  /** When a processor did not run meanwhile; `null`: nobody was allowed to watch. */
  standstills: Standstill[] | null;
  rows: Record<string, Heard>;
  /** What makes its figures doubtful. */
  troubles: string[];
  /** It came to nothing, and why. */
  failed?: string;
}

/** The share of many devices that are in time, ten times a second. */
export interface Crowd {
  devices: number;
  seconds: number;
  load: number;
  /** The longest that the process which plays all the devices stood still: what it measured then is worth less. */
  stood_still_ms: number;
  /** How closely the room's own time is known here, by which all are judged. */
  truth_ms: number;
  moments: { at_s: number; within_5: number; within_30: number }[];
  /** What was done to the room, when, and how long it took until nearly all were within 5 ms; `null`: until the next. */
  acts: { at_s: number; what: string; together_s: number | null }[];
}

export interface Results {
  machine: Machine;
  command: string;
  began: string;
  seconds: number;
  load: number;
  /** How far apart the apparatus hears what left together: at most so much. */
  floor_ms: number | null;
  runs: Run[];
  crowd: Crowd | null;
}

/** From here on a machine is not idle, and its figures are of its other work, too. */
export const IDLE_LOAD_MAX = 1;

/** So long after a standstill of the machine players may be off: a sound card has run dry, and its latency is another. */
export const DISTURBED_S = 3;

/** What counts of it, and what is set aside because the machine stood still then or just before. Nothing else decides. */
export function parted(heard: Heard, standstills: readonly Standstill[]): { counts: Heard; aside: Heard } {
  const isDisturbed = (from_s: number, until_s: number) =>
    standstills.some(({ at_s, length_ms }) => at_s < until_s && from_s < at_s + length_ms / 1000 + DISTURBED_S);
  const part = (disturbed: boolean): Heard => ({
    windows: heard.windows.filter(({ at_s }) => isDisturbed(at_s, at_s + 1) === disturbed),
    gaps: heard.gaps.filter(({ at_s, length_ms }) => isDisturbed(at_s, at_s + length_ms / 1000) === disturbed),
    first: heard.first.filter(({ at_s, ms }) => isDisturbed(at_s, at_s + (ms ?? 0) / 1000) === disturbed),
  });
  return { counts: part(false), aside: part(true) };
}

export interface Figures {
  runs: number;
  windows: number;
  /** Seconds, or plays, that count, and those that do not. */
  counted: number;
  aside: number;
  /** Seconds in which nothing could be measured: one was silent, or they played different things. */
  unheard: number;
  /** Of the absolute offset; `null`: none was heard. */
  median: number | null;
  p95: number | null;
  max: number | null;
  gaps: number;
  gap_ms_max: number;
  /** From `play` to the first sound. */
  first: { median: number; max: number } | null;
  /** Plays after which nothing was heard. */
  mute: number;
}

/** What was heard in a row, over these runs. */
export function figures(runs: readonly Listened[]): Figures {
  const parts = runs.map(({ heard, standstills }) => parted(heard, standstills));
  const heard = parts.map(({ counts }) => counts);
  const windows = heard.flatMap((one) => one.windows);
  const sizes = windows.flatMap((window) => ('offset_ms' in window ? [Math.abs(window.offset_ms)] : []));
  const found = heard.flatMap((one) => one.gaps);
  const firsts = heard.flatMap((one) => one.first.map(({ ms }) => ms));
  const sounded = firsts.filter((ms) => ms !== null);
  const at = (share: number) => (sizes.length === 0 ? null : quantile(sizes, share));
  return {
    runs: heard.length,
    windows: windows.length,
    counted: windows.length + firsts.length,
    aside: parts.reduce((sum, { aside }) => sum + aside.windows.length + aside.first.length, 0),
    unheard: windows.length - sizes.length,
    median: at(0.5),
    p95: at(0.95),
    max: at(1),
    gaps: found.length,
    gap_ms_max: Math.max(0, ...found.map(({ length_ms }) => length_ms)),
    first: sounded.length === 0 ? null : { median: quantile(sounded, 0.5), max: Math.max(...sounded) },
    mute: firsts.length - sounded.length,
  };
}

/**
 * Whether the figures keep what was promised. A second in which nothing could be measured keeps nothing, nor does what is
 * left of runs of which half had to be set aside.
 */
export function keeps({ target }: Row, found: Figures): boolean {
  const within = (value: number | null | undefined, most: number | undefined) =>
    most === undefined || (value !== null && value !== undefined && value <= most);
  return (
    within(found.median, target.median) &&
    within(found.p95, target.p95) &&
    within(found.max, target.max) &&
    within(found.first?.max, target.first) &&
    found.unheard === 0 &&
    found.mute === 0 &&
    found.gaps === 0 &&
    found.aside < found.counted
  );
}

/** What was heard in a row of one run, and when the machine stood still. */
export interface Listened {
  heard: Heard;
  standstills: readonly Standstill[];
}

/** Of every run. */
export function heardIn({ runs }: Pick<Results, 'runs'>, row: string): Listened[] {
  return runs.flatMap(({ rows, standstills }) => {
    const heard = rows[row];
    return heard === undefined ? [] : [{ heard, standstills: standstills ?? [] }];
  });
}
