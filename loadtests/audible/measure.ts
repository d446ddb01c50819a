import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Nodes } from '../../tests/browser/support/nodes.ts';
import { signal, treeOf } from '../../tests/browser/support/process-tree.ts';
import { Server } from '../../tests/browser/support/server.ts';
import { load, thisMachine } from './apparatus/machine.ts';
import { raisePriorities, restorePriorities } from './apparatus/priority.ts';
import { StallDetector } from './apparatus/stall-detector.ts';
import type { Cell } from './cells/cell.ts';
import { CELLS } from './cells/cells.ts';
import { floorMs } from './cells/floor.ts';
import { judge } from './cells/judge.ts';
import { writeLibrary } from './cells/library.ts';
import { Stage } from './cells/stage.ts';
import { CROWD_SECONDS, measureCrowd } from './crowd/crowd.ts';
import { page } from './report/page.ts';
import { plot } from './report/plot.ts';
import type { Results, Run } from './report/results.ts';
import { busyWarning, crowdText, exclusionText, runTable, table } from './report/tables.ts';

/**
 * `make audible`: runs every cell as often as requested, prints the results, and writes them to `target/audible`; with
 * `--docs` to `docs/` as well. A failed run is recorded as such; the others continue.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Allowance for starting and stopping browsers, the room, and the first sound. */
const SETUP_SECONDS = 10;
const CROWD = 'crowd';
/** A complete measurement. */
const FULL = { runs: 3, seconds: 30 };
const QUICK = { runs: 1, seconds: 15 };
/** Encoding and analysing the library. */
const LIBRARY_SECONDS = 60;
const ANALYSIS_MS_MAX = 600_000;
const LOOK_EVERY_MS = 500;

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    cells: { type: 'string', default: [...CELLS.map(({ name }) => name), CROWD].join() },
    devices: { type: 'string', default: '200' },
    /** Defaults to one run of 15 s a cell, for development. */
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    'self-test': { type: 'boolean', default: false },
  },
});
const byDefault = options.quick ? QUICK : FULL;
const runs = Number(options.runs ?? byDefault.runs);
const seconds = Number(options.seconds ?? byDefault.seconds);
const asked = options.cells.split(',');
const cells = CELLS.filter(({ name }) => asked.includes(name));
const unknown = asked.filter((name) => name !== CROWD && !CELLS.some((cell) => cell.name === name));
if (unknown.length > 0) {
  console.error(`There is no cell ${unknown}; there are ${CELLS.map(({ name }) => name)} and ${CROWD}.`);
  process.exit(2);
}

const music = await mkdtemp(join(tmpdir(), 'tutti-audible-'));
if (options.docs && (runs < FULL.runs || seconds < FULL.seconds || asked.length < CELLS.length + 1)) {
  console.error(`--docs needs a complete measurement: every cell, ${FULL.runs} runs of ${FULL.seconds} s.`);
  process.exit(2);
}

const SETTINGS = { TUTTI_LIMIT_CONNECTIONS_PER_ADDRESS: '1000', TUTTI_LIBRARY_DIR: music };
const server = new Server(SETTINGS);
/** Servers that share their rooms, for cells that need several. */
const nodes = new Nodes();
let stallDetector: StallDetector | null = null;
let stage: Stage | null = null;
let ending = false;
// Not `once`: Ctrl-C in a terminal arrives twice, from the terminal and from npm, and the second must not abort the cleanup.
for (const wish of ['SIGINT', 'SIGTERM'] as const) process.on(wish, () => void end(130));
process.once('unhandledRejection', (error) => {
  console.error(error);
  void end(1);
});

try {
  await measure();
  await end(0);
} catch (error) {
  console.error(error);
  await end(1);
}

async function measure(): Promise<void> {
  const floor = await floorMs();
  console.log(`The apparatus hears what leaves together at most ${floor.toFixed(4)} ms apart.`);
  if (options['self-test']) {
    if (floor > 0.05) throw new Error('the apparatus is not accurate to 0.05 ms');
    return;
  }
  const results: Results = {
    machine: thisMachine(),
    command: ['make audible', ...(process.argv.length > 2 ? [`ARGS="${process.argv.slice(2).join(' ')}"`] : [])].join(
      ' ',
    ),
    began: new Date().toISOString(),
    seconds,
    load: load(),
    floor_ms: floor,
    runs: [],
    crowd: null,
  };
  if (busyWarning(results) !== '') console.log(`\n${busyWarning(results)}`);
  const lasts = (cell: Cell) => cell.extraSeconds + secondsOf(cell) + SETUP_SECONDS;
  const perRound = cells.reduce((sum, cell) => sum + lasts(cell), 0);
  const minutes = (LIBRARY_SECONDS + runs * perRound + (asked.includes(CROWD) ? CROWD_SECONDS : 0)) / 60;
  console.log(`\n${cells.length} cells, ${runs} runs each: about ${Math.ceil(minutes)} minutes.\n`);

  await writeLibrary(music, seconds);
  for (const { prepare } of cells) await prepare?.(music);
  await server.start();
  const count = Math.max(...cells.map(serversOf));
  if (count > 1) await nodes.start(count, SETTINGS);
  for (const each of [server, ...nodes.servers]) await libraryIsAnalysed(each);
  stallDetector = await StallDetector.begin();
  // Round by round, so that a disturbance of the machine affects all cells alike.
  for (let run = 1; run <= runs; run += 1) {
    for (const cell of cells) {
      results.runs.push(await play(cell, run));
      await write(results, join(ROOT, 'target/audible'));
    }
  }
  if (asked.includes(CROWD)) {
    await raisePriorities();
    results.crowd = await measureCrowd(server.url, Number(options.devices), (line) => console.log(line));
    await restorePriorities();
    await write(results, join(ROOT, 'target/audible'));
  }
  console.log(`\n${table(results)}\n\n${runTable(results)}\n`);
  if (results.crowd !== null) console.log(crowdText(results.crowd));
  if (exclusionText(results) !== '') console.log(`\n${exclusionText(results)}`);
  if (busyWarning(results) !== '') console.log(`\n${busyWarning(results)}`);
  if (options.docs) await writeDocs(results);
}

function serversOf(cell: Cell): number {
  return 1 + Math.max(...cell.players.map(({ server }) => server ?? 0));
}

function secondsOf(cell: Cell): number {
  return cell.seconds ?? seconds;
}

/** Otherwise the analysis would go on during the first cells. It has a low priority, with which it might not end on a busy machine. */
async function libraryIsAnalysed(server: Server): Promise<void> {
  const until = Date.now() + ANALYSIS_MS_MAX;
  while (!server.log.includes('library analysis finished')) {
    if (Date.now() > until) throw new Error('the library was not analysed in time');
    await raisePriorities();
    await wait(LOOK_EVERY_MS);
  }
  await restorePriorities();
}

async function play(cell: Cell, run: number): Promise<Run> {
  const result: Run = { cell: cell.name, run, load: load(), stalls: [], rows: {}, troubles: [] };
  try {
    const servers = serversOf(cell) > 1 ? nodes.servers : [server];
    stage = await Stage.set(
      servers.map(({ url }) => url),
      cell.players,
    );
    const { recording } = stage;
    stallDetector?.take();
    const scopes = await cell.story(stage, secondsOf(cell));
    const stalls = stallDetector?.take() ?? null;
    result.stalls =
      stalls?.map(({ fromMs, lengthMs }) => ({
        at_s: recording.placeOf(fromMs) / 1000,
        length_ms: lengthMs,
      })) ?? null;
    await restorePriorities();
    result.rows = Object.fromEntries(judge(recording, scopes));
  } catch (error) {
    result.failed = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  }
  result.troubles = stage?.troubles ?? [];
  await restorePriorities();
  await stage?.strike();
  stage = null;
  const lines = runTable({ runs: [result] } as unknown as Results).split('\n');
  console.log(lines.slice(2).join('\n'));
  return result;
}

/** Stops everything that was started, however the measurement ends. */
async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  await stage?.strike().catch(() => {});
  stallDetector?.stop();
  await server.dispose();
  await nodes.dispose();
  await rm(music, { recursive: true, force: true });
  // Including what was being started at that moment.
  signal(treeOf(process.pid).slice(1), 'SIGKILL');
  process.exit(code);
}

async function write(results: Results, folder: string): Promise<void> {
  await mkdir(join(folder, 'images'), { recursive: true });
  await writeFile(join(folder, 'results.json'), JSON.stringify(results));
  await writeFile(join(folder, 'audible.md'), page(results));
  await writeFile(join(folder, 'images/audible.svg'), plot(results));
}

async function writeDocs(results: Results): Promise<void> {
  await writeFile(join(ROOT, 'docs/audible.md'), page(results));
  await writeFile(join(ROOT, 'docs/images/audible.svg'), plot(results));
  console.log('\nWritten to docs/audible.md and docs/images/audible.svg.');
}
