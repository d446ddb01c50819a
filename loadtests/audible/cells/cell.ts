import { nowMs } from '../apparatus/clock.ts';
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
  };
}

export interface Stated {
  atMs: number;
  /** How far off it may be at most. */
  withinMs: number;
}

export interface Scope {
  row: string;
  fromMs: number;
  untilMs: number;
  /** What the second player's page stated, and when. */
  stated?: Stated[];
  /** When each `play` was sent, for rows that measure the time to the first sound only. */
  playedMs?: number[];
}

export interface Cell {
  name: string;
  rows: Row[];
  players: PlayerSetup[];
  /** Duration beyond the measured interval. */
  extraSeconds: number;
  story: (stage: Stage, seconds: number) => Promise<Scope[]>;
}

/** Time to converge before evaluation starts, after every start. */
export const SETTLE_MS = 2_000;

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
