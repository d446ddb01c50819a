import type { AudioQuality } from '../../../client/src/providers/files/segments.ts';
import { median } from '../../../client/src/util/numbers.ts';
import { nowMs } from '../apparatus/clock.ts';
import type { EngineName } from '../apparatus/engines.ts';
import { always, between } from '../apparatus/path.ts';
import { Correlator } from '../sound/correlator.ts';
import { SAMPLE_RATE } from '../sound/test-music.ts';
import { begun, type Cell, LISTEN_MS, type Scope, SETTLE_MS, scope, TOGETHER } from './cell.ts';
import { FILE_CELLS } from './files.ts';
import { CHANGING_SECONDS, changing, LONG } from './library.ts';
import { apart, firstSounds, type Stated } from './measures.ts';
import type { Stage } from './stage.ts';

/**
 * The measured scenarios. Each cell is one way of listening; its scenario runs it and returns the intervals to evaluate, on
 * the machine's clock. Evaluation happens after the scenario, so that it takes no processor time from playback.
 */

const STALL_MS = 1_000;
const STALL_EVERY_MS = 30_000;
/** More than a card's buffer of 43 ms, so all of them lose sound, by slightly different amounts. */
const INTERRUPTION_MS = 100;
const INTERRUPTION_EVERY_MS = 15_000;
const JOIN_EVERY_MS = 20_000;
const HEARING_MS = 15_000;
/** Engines that do not tell their latency are observed for six seconds before their estimate is complete. */
const OBSERVE_MS = 10_000;
const STATE_EVERY_MS = 1_000;

const wifi = { there: between(10, 30), back: between(10, 30) };
const lopsided = { there: always(40), back: always(5) };
const skewed = { ppm: 100, aheadMs: 7_200_000 };

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
      { name: 'asymmetric', title: '40/5 ms asymmetric, uncalibrated', target: {} },
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
    rows: [{ name: 'interrupted', title: '2 s after the sound cards stopped for 0.1 s', target: { max: 5 } }],
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
    seconds: 15,
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
  {
    name: 'nodes',
    rows: [{ name: 'nodes', title: 'two players on two servers', target: TOGETHER }],
    players: [{ server: 0 }, { server: 1 }],
    extraSeconds: 12,
    story: (stage, seconds) => throughout(stage, 'nodes', seconds),
  },
  besideChromium('firefox', 'Firefox', 'small'),
  besideChromium('webkitgtk', 'WebKitGTK', 'lossless'),
  ...FILE_CELLS,
];

function besideChromium(engine: EngineName, title: string, quality: AudioQuality): Cell {
  return {
    name: engine,
    rows: [
      { name: engine, title: `${title} beside Chromium, uncalibrated`, target: { stated: 0.95 } },
      { name: `${engine}-calibrated`, title: `${title} beside Chromium, calibrated by hearing`, target: TOGETHER },
    ],
    // WebKitGTK renders by the machine's clock, not by the sound card's: with a null sink it would drift.
    players: [
      { cardPpm: 0, quality: 'lossless' },
      { engine, cardPpm: 0, quality },
    ],
    extraSeconds: 20 + (HEARING_MS + 2 * OBSERVE_MS) / 1000,
    story: (stage, seconds) => toldByHearing(stage, engine, seconds),
  };
}

/** All devices play continuously. */
async function throughout(stage: Stage, row: string, seconds: number): Promise<Scope[]> {
  return [await scope(stage, row, await begun(stage, LONG), seconds * 1000)];
}

async function calibratedByHearing(stage: Stage, seconds: number): Promise<Scope[]> {
  const heard = await scope(stage, 'asymmetric', await begun(stage, LONG), HEARING_MS);
  await calibrateFrom(stage, heard);
  return [heard, await scope(stage, 'calibrated', nowMs() + SETTLE_MS, seconds * 1000)];
}

/** The second player's engine does not tell how late it is heard. */
async function toldByHearing(stage: Stage, engine: string, seconds: number): Promise<Scope[]> {
  const fromMs = (await begun(stage, LONG)) + OBSERVE_MS;
  await stage.recording.reaches(fromMs);
  const stated: Stated[] = [];
  while (nowMs() < fromMs + HEARING_MS) {
    const withinMs = await stage.players[1]!.statedMs();
    if (withinMs !== null) stated.push({ atMs: nowMs(), withinMs });
    await stage.recording.reaches(nowMs() + STATE_EVERY_MS);
  }
  const heard = { ...(await scope(stage, engine, fromMs, HEARING_MS)), measure: apart(stated) };
  await calibrateFrom(stage, heard);
  return [heard, await scope(stage, `${engine}-calibrated`, nowMs() + OBSERVE_MS, seconds * 1000)];
}

/** Applies the calibration that a microphone between the first two players would find. */
async function calibrateFrom(stage: Stage, heard: Scope): Promise<void> {
  const [a, b] = stage.recording.channels as [Float32Array, Float32Array];
  const [fromMs, untilMs] = [heard.fromMs, heard.untilMs].map((ms) => stage.recording.placeOf(ms)) as [number, number];
  const windows = new Correlator(SAMPLE_RATE).windows(a, b, fromMs, untilMs);
  const offsets = windows.flatMap((window) => ('offset_ms' in window ? [window.offset_ms] : []));
  if (offsets.length === 0) throw new Error('no measurement to calibrate from');
  await stage.calibrate(stage.players[1]!, median(offsets));
  // The page restarts playback itself; the sound up to then is from before the reload.
  await stage.sounds();
}

async function stalled(stage: Stage, seconds: number): Promise<Scope[]> {
  const scopes: Scope[] = [];
  const fromMs = await begun(stage, LONG);
  const endMs = fromMs + seconds * 1000;
  // Start from a converged state.
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

/** The first event comes soon after the start, before the sound system's latency estimate has settled. */
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

/** Pauses, seeks to the beginning and plays, as often as time allows. */
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
  return [{ row: 'first', fromMs, untilMs: nowMs(), measure: firstSounds(playedMs) }];
}
