import type { Recording } from '../apparatus/recording.ts';
import { Correlator, type Unheard, type Window } from '../sound/correlator.ts';
import { type Gap, gaps, onsetMs } from '../sound/silence.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import type { Scope, Stated } from './cell.ts';

/** A second, and how far off the second player's page said that it may be at most. */
interface StatedWindow extends Window {
  stated_ms?: number;
}

/** The result of a row in one run. */
export interface Heard {
  /** For each pair of players, second by second. */
  windows: (StatedWindow | Unheard)[];
  /** Gaps in the sound of any player. */
  gaps: Gap[];
  /** From each `play` to the first sound of each player; `null` if there was none. */
  first: { at_s: number; ms: number | null }[];
}

const FIRST_WAIT_MS = 5_000;
/** A page reports once a second: the first statement may follow the start of the first second. */
const STATED_AFTER_MS = 1_000;

/** Evaluates a run, row by row. */
export function judge(recording: Recording, scopes: readonly Scope[]): Map<string, Heard> {
  const correlator = new Correlator(SAMPLE_RATE);
  const { channels } = recording;
  const rows = new Map<string, Heard>();
  for (const { row, fromMs, untilMs, stated, playedMs } of scopes) {
    const heard = rows.get(row) ?? { windows: [], gaps: [], first: [] };
    rows.set(row, heard);
    if (playedMs !== undefined) {
      for (const ms of playedMs) heard.first.push(...channels.map((one) => firstAfter(recording, one, ms)));
      continue;
    }
    const [from, until] = [recording.placeOf(fromMs), recording.placeOf(untilMs)];
    for (const [player, channel] of channels.entries()) {
      heard.gaps.push(...gaps(channel, SAMPLE_RATE, from, until));
      for (const other of channels.slice(player + 1)) {
        const windows = correlator.windows(channel, other, from, until);
        heard.windows.push(...windows.map((window) => withStated(window, recording, stated)));
      }
    }
  }
  return rows;
}

/** What the page stated last when the second began. */
function withStated(
  window: Window | Unheard,
  recording: Recording,
  stated: readonly Stated[] = [],
): StatedWindow | Unheard {
  const latest = stated.findLast(({ atMs }) => recording.placeOf(atMs) <= window.at_s * 1000 + STATED_AFTER_MS);
  return 'why' in window || latest === undefined ? window : { ...window, stated_ms: latest.withinMs };
}

function firstAfter(recording: Recording, channel: Float32Array, playedMs: number): Heard['first'][number] {
  const from = recording.placeOf(playedMs);
  const onset = onsetMs(channel, SAMPLE_RATE, from, from + FIRST_WAIT_MS);
  return { at_s: from / 1000, ms: onset === null ? null : onset - from };
}
