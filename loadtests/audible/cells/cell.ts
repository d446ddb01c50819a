import { nowMs } from '../apparatus/clock.ts';
import type { Measure } from './measures.ts';
import type { PlayerSetup, Stage } from './stage.ts';

/** What a cell is, and what all scenarios share. */

/** A row of the results and its target in ms, if there is one. */
export interface Row {
  name: string;
  title: string;
  target: {
    median?: number;
    p95?: number;
    max?: number;
    first?: number;
    /** The share of seconds in which the offset is within what the second player's page states. */
    stated?: number;
    /** By how many MiB a page may be larger once its garbage is collected. */
    held?: number;
    /** By how many LU what is compared may differ. */
    loudness?: number;
  };
}

export interface Scope {
  row: string;
  fromMs: number;
  untilMs: number;
  /** What is evaluated; if absent, how far apart the players are. */
  measure?: Measure;
}

export interface Cell {
  name: string;
  rows: Row[];
  players: PlayerSetup[];
  /** Duration of the measured interval, where it does not depend on how long is measured. */
  seconds?: number;
  /** Duration beyond the measured interval. */
  extraSeconds: number;
  /** Writes tracks of its own into the library. */
  prepare?: (folder: string) => Promise<void>;
  story: (stage: Stage, seconds: number) => Promise<Scope[]>;
}

/** Time to converge before evaluation starts, after every start. */
export const SETTLE_MS = 2_000;
/** Time to preload, and to hear what was played. */
export const LISTEN_MS = 1_200;
export const TOGETHER = { median: 1, p95: 3 };

/** Waits until all devices have joined and are audible. Returns when evaluation starts. */
export async function begun(stage: Stage, ...titles: string[]): Promise<number> {
  await stage.join(...stage.players);
  await stage.host.enqueue(...titles);
  await stage.sounds();
  return nowMs() + SETTLE_MS;
}

export async function scope(stage: Stage, row: string, fromMs: number, lengthMs: number): Promise<Scope> {
  const untilMs = fromMs + lengthMs;
  await stage.recording.reaches(untilMs);
  return { row, fromMs, untilMs };
}
