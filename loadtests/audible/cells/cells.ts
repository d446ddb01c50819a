import { median } from '../../../client/src/util/numbers.ts';
import { nowMs } from '../apparatus/clock.ts';
import { always, between } from '../apparatus/path.ts';
import { Correlator } from '../sound/correlator.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import { CHANGING_SECONDS, changing, LONG } from './library.ts';
import type { PlayerSetup, Stage } from './stage.ts';

/**
 * What is measured. Each cell is one way in which people listen; its story plays it and says from when to when it is to be
 * judged, on the machine's clock. Nothing is judged while the story goes on, so that judging takes no time from playing.
 */

/** A row of the results, and what is hoped for. In ms; where nothing is named, nothing is promised. */
export interface Row {
  name: string;
  title: string;
  target: { median?: number; p95?: number; max?: number; first?: number };
}

export interface Scope {
  row: string;
  fromMs: number;
  untilMs: number;
  /** When `play` was sent, for the time to the first sound. Then nothing else is judged. */
  playedMs?: number[];
}

export interface Cell {
  name: string;
  rows: Row[];
  players: PlayerSetup[];
  /** How much longer than what is measured it takes. */
  extraSeconds: number;
  story: (stage: Stage, seconds: number) => Promise<Scope[]>;
}

/** How long devices have to come together before anything counts, wherever something begins. */
export const SETTLE_MS = 2_000;
const STALL_MS = 1_000;
const STALL_EVERY_MS = 30_000;
/** More than a card's 43 ms of buffer: all of them lose sound, each a little more or less of it. */
const INTERRUPTION_MS = 100;
const INTERRUPTION_EVERY_MS = 15_000;
const JOIN_EVERY_MS = 20_000;
const HEARING_MS = 15_000;
const LISTEN_MS = 1_200;

const wifi = { there: between(10, 30), back: between(10, 30) };
const lopsided = { there: always(40), back: always(5) };
const skewed = { ppm: 100, aheadMs: 7_200_000 };
const TOGETHER = { median: 1, p95: 3 };

export const CELLS: Cell[] = [
  {
    name: 'direct',
    rows: [{ name: 'direct', title: 'no delay', target: TOGETHER }],
    players: [{}, {}],
    extraSeconds: 12,
    story: (stage, seconds) => throughout(stage, 'direct', seconds),
  },
  {
    name: 'delayed',
    rows: [{ name: 'delayed', title: '20±10 ms each way', target: TOGETHER }],
    players: [{ path: wifi }, { path: wifi }],
    extraSeconds: 12,
    story: (stage, seconds) => throughout(stage, 'delayed', seconds),
  },
  {
    name: 'skewed',
    rows: [{ name: 'skewed', title: '20±10 ms, one clock 2 h ahead and +100 ppm', target: TOGETHER }],
    players: [{ path: wifi }, { path: wifi, skew: skewed }],
    extraSeconds: 12,
    story: (stage, seconds) => throughout(stage, 'skewed', seconds),
  },
  {
    name: 'drifting',
    rows: [{ name: 'drifting', title: '20±10 ms, one sound card +100 ppm', target: TOGETHER }],
    players: [
      { path: wifi, cardPpm: 0 },
      { path: wifi, cardPpm: 100 },
    ],
    extraSeconds: 12,
    story: (stage, seconds) => throughout(stage, 'drifting', seconds),
  },
  {
    name: 'asymmetric',
    rows: [
      { name: 'asymmetric', title: '40/5 ms asymmetric, as it is', target: {} },
      { name: 'calibrated', title: '40/5 ms asymmetric, calibrated by hearing', target: { max: 3 } },
    ],
    players: [{}, { path: lopsided }],
    extraSeconds: 12 + (HEARING_MS + SETTLE_MS) / 1000,
    story: calibratedByHearing,
  },
  {
    name: 'stall',
    rows: [{ name: 'stall', title: '2 s after a stall of 1 s', target: { max: 5 } }],
    players: [{}, {}],
    extraSeconds: 12,
    story: stalled,
  },
  {
    name: 'interrupted',
    rows: [{ name: 'interrupted', title: '2 s after sound cards stood still for 0.1 s', target: { max: 5 } }],
    players: [{ cardPpm: 0 }, { cardPpm: 0 }],
    extraSeconds: 12,
    story: interrupted,
  },
  {
    name: 'join',
    rows: [{ name: 'join', title: '2 s after a late join', target: { max: 5 } }],
    players: [{ path: wifi }, { path: wifi }],
    extraSeconds: 12,
    story: joinedLate,
  },
  {
    name: 'change',
    rows: [{ name: 'change', title: 'through track changes', target: TOGETHER }],
    players: [{}, {}],
    extraSeconds: 12,
    story: throughChanges,
  },
  {
    name: 'first',
    rows: [{ name: 'first', title: '`play` to first sound, preloaded', target: { first: 400 } }],
    players: [{}, {}],
    extraSeconds: 12,
    story: playedAgain,
  },
  {
    name: 'three',
    rows: [{ name: 'three', title: 'three players, 20±10 ms', target: TOGETHER }],
    players: [{ path: wifi }, { path: wifi }, { path: wifi }],
    extraSeconds: 15,
    story: (stage, seconds) => throughout(stage, 'three', seconds),
  },
];

/** All play, and go on playing. */
async function throughout(stage: Stage, row: string, seconds: number): Promise<Scope[]> {
  return [await scope(stage, row, await begun(stage, LONG), seconds * 1000)];
}

async function calibratedByHearing(stage: Stage, seconds: number): Promise<Scope[]> {
  const heard = await scope(stage, 'asymmetric', await begun(stage, LONG), HEARING_MS);
  // As a microphone between the two would hear it.
  const [a, b] = stage.recording.channels as [Float32Array, Float32Array];
  const [fromMs, untilMs] = [heard.fromMs, heard.untilMs].map((ms) => stage.recording.placeOf(ms)) as [number, number];
  const windows = new Correlator(SAMPLE_RATE).windows(a, b, fromMs, untilMs);
  const offsets = windows.flatMap((window) => ('offset_ms' in window ? [window.offset_ms] : []));
  if (offsets.length === 0) throw new Error('nothing to calibrate by was heard');
  await stage.calibrate(stage.players[1]!, median(offsets));
  // Turned on again by the page itself; what still sounds is of before.
  await stage.sounds();
  return [heard, await scope(stage, 'calibrated', nowMs() + SETTLE_MS, seconds * 1000)];
}

async function stalled(stage: Stage, seconds: number): Promise<Scope[]> {
  const scopes: Scope[] = [];
  const fromMs = await begun(stage, LONG);
  const endMs = fromMs + seconds * 1000;
  // Only what is in time can fall out of it.
  await stage.recording.reaches(fromMs + SETTLE_MS);
  while (nowMs() + STALL_MS + SETTLE_MS < endMs) {
    const release = stage.players[1]!.stall();
    try {
      await stage.recording.reaches(nowMs() + STALL_MS);
    } finally {
      release();
    }
    const judgedMs = nowMs() + SETTLE_MS;
    const untilMs = Math.min(endMs, nowMs() + STALL_EVERY_MS);
    scopes.push(await scope(stage, 'stall', judgedMs, untilMs - judgedMs));
  }
  return scopes;
}

/** First soon after the beginning, when the sound system is not yet sure of anything. */
async function interrupted(stage: Stage, seconds: number): Promise<Scope[]> {
  const scopes: Scope[] = [];
  const fromMs = await begun(stage, LONG);
  const endMs = fromMs + seconds * 1000;
  await stage.recording.reaches(fromMs);
  while (nowMs() + SETTLE_MS < endMs) {
    const release = stage.outputs.stall!();
    setTimeout(release, INTERRUPTION_MS);
    const judgedMs = nowMs() + INTERRUPTION_MS + SETTLE_MS;
    const untilMs = Math.min(endMs, nowMs() + INTERRUPTION_EVERY_MS);
    scopes.push(await scope(stage, 'interrupted', judgedMs, untilMs - judgedMs));
  }
  return scopes;
}

async function joinedLate(stage: Stage, seconds: number): Promise<Scope[]> {
  const [early, late] = stage.players as [Stage['players'][0], Stage['players'][0]];
  await stage.join(early);
  await stage.host.enqueue(LONG);
  await stage.sounds(0);
  const scopes: Scope[] = [];
  const endMs = nowMs() + seconds * 1000;
  while (nowMs() + SETTLE_MS < endMs) {
    const fromMs = nowMs() + SETTLE_MS;
    if (scopes.length === 0) await stage.playHere(late);
    else await stage.toggle(late);
    const untilMs = Math.min(endMs, nowMs() + JOIN_EVERY_MS);
    scopes.push(await scope(stage, 'join', fromMs, untilMs - fromMs));
    await stage.toggle(late);
    await stage.recording.until('silence of one', () => !stage.recording.sounds(1));
  }
  return scopes;
}

async function throughChanges(stage: Stage, seconds: number): Promise<Scope[]> {
  const titles = changing(Math.ceil((seconds + SETTLE_MS / 1000) / CHANGING_SECONDS) + 1);
  return [await scope(stage, 'change', await begun(stage, ...titles), seconds * 1000)];
}

/** Stopped, set to the beginning and played, as often as there is time for. */
async function playedAgain(stage: Stage, seconds: number): Promise<Scope[]> {
  const { host, recording } = stage;
  const playedMs: number[] = [];
  const fromMs = await begun(stage, LONG);
  await recording.reaches(fromMs);
  const endMs = fromMs + seconds * 1000;
  while (nowMs() < endMs) {
    await host.does({ name: 'pause' });
    await stage.isSilent();
    await host.does({ name: 'seek', position_ms: 0 });
    await recording.reaches(nowMs() + LISTEN_MS);
    playedMs.push(nowMs());
    await host.does({ name: 'play' });
    await stage.sounds();
    await recording.reaches(nowMs() + LISTEN_MS);
  }
  return [{ row: 'first', fromMs, untilMs: nowMs(), playedMs }];
}

/** Everybody has joined and is heard. The moment from which on it counts. */
async function begun(stage: Stage, ...titles: string[]): Promise<number> {
  await stage.join(...stage.players);
  await stage.host.enqueue(...titles);
  await stage.sounds();
  return nowMs() + SETTLE_MS;
}

async function scope(stage: Stage, row: string, fromMs: number, lengthMs: number): Promise<Scope> {
  const untilMs = fromMs + lengthMs;
  await stage.recording.reaches(untilMs);
  return { row, fromMs, untilMs };
}
