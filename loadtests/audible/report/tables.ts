import { quantile } from '../../../client/src/util/numbers.ts';
import { STALL_MS_MIN } from '../apparatus/stall-detector.ts';
import type { Row } from '../cells/cell.ts';
import { CELLS } from '../cells/cells.ts';
import {
  type Crowd,
  type Figures,
  figures,
  IDLE_LOAD_MAX,
  meetsTarget,
  RECOVERY_S,
  type Results,
  type Run,
  rowResults,
  type Stall,
} from './results.ts';

/** The results as Markdown tables, which are also readable in a terminal. */

const HEADER = [
  '| | runs | offset median | p95 | max | gaps | other figures | promised | kept |',
  '|---|---|---|---|---|---|---|---|---|',
];

export function table(results: Results): string {
  const lines = CELLS.flatMap(({ rows }) => rows).flatMap((row) => {
    const heard = rowResults(results, row.name);
    return heard.length === 0 ? [] : [line(row.title, row, figures(heard))];
  });
  return [...HEADER, ...lines].join('\n');
}

/** One row per run, with its problems. */
export function runTable(results: Results): string {
  const lines = results.runs.flatMap((one) => {
    const { cell, run, load, troubles, failed } = one;
    const named = CELLS.find(({ name }) => name === cell)?.rows ?? [];
    const notes = [
      ...(failed === undefined ? [] : [`failed: ${failed}`]),
      ...stallNotes(one),
      ...deduplicated(troubles),
    ];
    const heard = named.flatMap((row) => {
      const found = rowResults({ runs: [one] }, row.name);
      if (found.length === 0) return [];
      const summary = figures(found);
      const words =
        summary.excluded === 0
          ? notes
          : [`${summary.excluded} of ${summary.counted + summary.excluded} set aside`, ...notes];
      return [`${runLine(row, run, summary, load)} ${words.join('; ')} |`];
    });
    return heard.length > 0 || failed === undefined
      ? heard
      : [`| ${cell} | ${run} | | | | | | ${load.toFixed(1)} | ${notes.join('; ')} |`];
  });
  const header = [
    '| | run | median | p95 | max | gaps | other figures | load | |',
    '|---|---|---|---|---|---|---|---|---|',
  ];
  return [...header, ...lines].join('\n');
}

function stallNotes({ stalls }: Run): string[] {
  if (stalls === null || stalls.length === 0) return [];
  return [`the machine stood still ${stalls.length} times, up to ${longest(stalls)} ms`];
}

const longest = (stalls: readonly Stall[]) => Math.max(...stalls.map(({ length_ms }) => length_ms)).toFixed(0);

/** Empty when all seconds count and every run was watched. */
export function exclusionText(results: Results): string {
  const { runs } = results;
  if (runs.some(({ stalls }) => stalls === null)) {
    return 'Not every run was watched for stalls of the machine; watching needs real-time priority.';
  }
  const all = runs.flatMap(({ stalls }) => stalls ?? []);
  if (all.length === 0) return '';
  const rows = CELLS.flatMap((cell) => cell.rows).map((row) => figures(rowResults(results, row.name)));
  const excluded = rows.reduce((sum, found) => sum + found.excluded, 0);
  const played = rows.reduce((sum, found) => sum + found.counted + found.excluded, 0);
  return `The machine stood still ${all.length} times for more than ${STALL_MS_MIN} ms, up to ${longest(all)} ms. The seconds in which it did and the ${RECOVERY_S} after each are set aside: ${excluded} of ${played} seconds and plays.`;
}

/** The share of devices in time, and how soon they are together after each action. */
export function crowdText({ devices, moments, acts, stood_still_ms, truth_ms }: Crowd): string {
  const [in5, in30] = [moments.map(({ within_5 }) => within_5), moments.map(({ within_30 }) => within_30)];
  const share = (values: number[], at: number) => `${(100 * quantile(values, at)).toFixed(1)} %`;
  return [
    `Share of ${devices} devices in time, over ${moments.length} moments (median, 5th percentile, minimum):`,
    `within 5 ms ${share(in5, 0.5)}, ${share(in5, 0.05)}, ${share(in5, 0)};`,
    `within 30 ms ${share(in30, 0.5)}, ${share(in30, 0.05)}, ${share(in30, 0)}.`,
    `The measurement knows the room's time to ${truth_ms.toFixed(2)} ms; the process that runs the devices stood still for at most ${Math.round(stood_still_ms)} ms.`,
  ]
    .join(' ')
    .concat('\n\n| action | at | 95 % are within 5 ms after |\n|---|---|---|\n', acts.map(actLine).join('\n'));
}

function actLine({ at_s, what, together_s }: Crowd['acts'][number]): string {
  return `| ${what} | ${at_s.toFixed(1)} s | ${together_s === null ? 'not before the next' : `${together_s.toFixed(1)} s`} |`;
}

/** Empty when the machine was idle. */
export function busyWarning({ load, runs }: Results): string {
  const most = Math.max(load, ...runs.map((run) => run.load));
  if (load <= IDLE_LOAD_MAX) return '';
  return `The machine was NOT idle: its load was ${load.toFixed(1)} at the start and up to ${most.toFixed(1)}. These figures are for development only.`;
}

export function ms(value: number | null): string {
  if (value === null) return '–';
  return value < 10 ? value.toFixed(2) : value.toFixed(1);
}

function line(title: string, row: Row, found: Figures): string {
  const cells = [title, found.runs, ms(found.median), ms(found.p95), ms(found.max), gapText(found), otherText(found)];
  return `| ${[...cells, ...verdict(row, found)].join(' | ')} |`;
}

function verdict(row: Row, found: Figures): [string, string] {
  const words = targetText(row);
  if (words === '') return ['nothing', ''];
  const kept = meetsTarget(row, found) ? 'yes' : 'no';
  return [words, found.stated === null ? kept : `${kept}, ${percent(found.stated)}`];
}

const percent = (share: number) => `${(100 * share).toFixed(0)} %`;

function runLine(row: Row, run: number, found: Figures, load: number): string {
  const cells = [row.title, run, ms(found.median), ms(found.p95), ms(found.max), gapText(found), otherText(found)];
  return `| ${[...cells, load.toFixed(1)].join(' | ')} |`;
}

function gapText({ gaps, gap_ms_max, unheard, windows }: Figures): string {
  const words = gaps === 0 ? ['0'] : [`${gaps}, up to ${gap_ms_max.toFixed(0)} ms`];
  if (unheard > 0) words.push(`${unheard} of ${windows} s not measurable`);
  return words.join('; ');
}

/** What only some rows measure. */
function otherText({ first, withoutSound, grown_mib, loudness }: Figures): string {
  const words: string[] = [];
  if (first !== null) {
    words.push(`${first.median.toFixed(0)} ms to the first sound, at most ${first.max.toFixed(0)}`);
  }
  if (withoutSound > 0) words.push(`${withoutSound} times without sound`);
  if (grown_mib !== null) {
    words.push(`${grown_mib.held.toFixed(0)} MiB more memory, with garbage at most ${grown_mib.most.toFixed(0)}`);
  }
  words.push(...loudness.map(({ what, lufs }) => `${what} ${lufs.toFixed(1).replace('-', '−')} LUFS`));
  return words.join(', ');
}

function targetText({ target: { median, p95, max, first, stated, held, loudness } }: Row): string {
  const parts = [
    median === undefined ? [] : [`median ≤ ${median}`],
    p95 === undefined ? [] : [`p95 ≤ ${p95}`],
    max === undefined ? [] : [`all ≤ ${max}`],
    first === undefined ? [] : [`sound in ≤ ${first} ms`],
    held === undefined ? [] : [`≤ ${held} MiB`],
    loudness === undefined ? [] : [`within ${loudness} LU`],
    stated === undefined ? [] : [`within what the page states in ${percent(stated)} of seconds`],
  ].flat();
  return parts.join(', ');
}

/** Merges repeated problems into one with a count. */
function deduplicated(troubles: readonly string[]): string[] {
  const counts = new Map<string, number>();
  for (const trouble of troubles) {
    const kind = trouble.replace(/ at [\d.]+ s/, '').replaceAll('|', '/');
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts].map(([kind, count]) => (count === 1 ? kind : `${kind} (${count} times)`));
}
