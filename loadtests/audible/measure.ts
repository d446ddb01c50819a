import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { Server } from '../../tests/browser/support/server.ts';
import { load, thisMachine } from './apparatus/machine.ts';
import { signal, treeOf } from './apparatus/process-tree.ts';
import { Stillness } from './apparatus/stillness.ts';
import { ease, hurry } from './apparatus/urgency.ts';
import { CELLS, type Cell } from './cells/cells.ts';
import { floorMs } from './cells/floor.ts';
import { judge } from './cells/judge.ts';
import { writeLibrary } from './cells/library.ts';
import { Stage } from './cells/stage.ts';
import { CROWD_SECONDS, measureCrowd } from './crowd/crowd.ts';
import { page } from './report/page.ts';
import { plot } from './report/plot.ts';
import type { Results, Run } from './report/results.ts';
import { asideWords, busyWarning, crowdWords, everyRun, table } from './report/words.ts';

/**
 * `make audible`: plays every cell as often as asked, prints what was heard, and writes it to `target/audible`; with
 * `--docs` to `docs/` as well. A run that fails is written down as one that did; the others go on.
 */

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** Browsers to start and to end, a room, the first sound. */
const SETUP_SECONDS = 10;
const CROWD = 'crowd';

const { values: options } = parseArgs({
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    cells: { type: 'string', default: [...CELLS.map(({ name }) => name), CROWD].join() },
    devices: { type: 'string', default: '200' },
    /** One run of 15 s a cell where nothing else is said, for developing. */
    quick: { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
    'self-test': { type: 'boolean', default: false },
  },
});
const runs = Number(options.runs ?? (options.quick ? 1 : 5));
const seconds = Number(options.seconds ?? (options.quick ? 15 : 60));
const asked = options.cells.split(',');
const cells = CELLS.filter(({ name }) => asked.includes(name));
const unknown = asked.filter((name) => name !== CROWD && !CELLS.some((cell) => cell.name === name));
if (unknown.length > 0) {
  console.error(`There is no cell ${unknown}; there are ${CELLS.map(({ name }) => name)} and ${CROWD}.`);
  process.exit(2);
}

const music = await mkdtemp(join(tmpdir(), 'tutti-audible-'));
if (options.docs && (runs < 5 || seconds < 60 || asked.length < CELLS.length + 1)) {
  console.error('The documents tell of whole measurements only: every cell, five runs of 60 s.');
  process.exit(2);
}

const server = new Server({ TUTTI_LIMIT_CONNECTIONS_PER_ADDRESS: '1000', TUTTI_LIBRARY_DIR: music });
let stillness: Stillness | null = null;
let stage: Stage | null = null;
let ending = false;
// Not `once`: what is pressed in a terminal reaches us twice, from there and from npm, and the second must not end us midway.
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
    if (floor > 0.05) throw new Error('the apparatus is not true to 0.05 ms');
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
  const perRound = cells.reduce((sum, { extraSeconds }) => sum + extraSeconds + seconds + SETUP_SECONDS, 0);
  const minutes = (runs * perRound + (asked.includes(CROWD) ? CROWD_SECONDS : 0)) / 60;
  console.log(`\n${cells.length} cells, ${runs} runs of ${seconds} s each: about ${Math.ceil(minutes)} minutes.\n`);

  await writeLibrary(music, seconds);
  await server.start();
  stillness = await Stillness.begin();
  // One round after the other, so that whatever the machine does at some time touches all cells alike.
  for (let run = 1; run <= runs; run += 1) {
    for (const cell of cells) {
      results.runs.push(await play(cell, run));
      await write(results, join(ROOT, 'target/audible'));
    }
  }
  if (asked.includes(CROWD)) {
    await hurry();
    results.crowd = await measureCrowd(server.url, Number(options.devices), (line) => console.log(line));
    await ease();
    await write(results, join(ROOT, 'target/audible'));
  }
  console.log(`\n${table(results)}\n\n${everyRun(results)}\n`);
  if (results.crowd !== null) console.log(crowdWords(results.crowd));
  if (asideWords(results) !== '') console.log(`\n${asideWords(results)}`);
  if (busyWarning(results) !== '') console.log(`\n${busyWarning(results)}`);
  if (options.docs) await writeDocs(results);
}

async function play(cell: Cell, run: number): Promise<Run> {
  const result: Run = { cell: cell.name, run, load: load(), standstills: [], rows: {}, troubles: [] };
  try {
    stage = await Stage.set(server.url, cell.players);
    const { recording } = stage;
    stillness?.take();
    const scopes = await cell.story(stage, seconds);
    const standstills = stillness?.take() ?? null;
    result.standstills =
      standstills?.map(({ fromMs, lengthMs }) => ({
        at_s: recording.placeOf(fromMs) / 1000,
        length_ms: lengthMs,
      })) ?? null;
    await ease();
    result.rows = Object.fromEntries(judge(recording, scopes));
  } catch (error) {
    result.failed = error instanceof Error ? error.message.split('\n')[0]! : String(error);
  }
  result.troubles = stage?.troubles ?? [];
  await ease();
  await stage?.strike();
  stage = null;
  const lines = everyRun({ runs: [result] } as unknown as Results).split('\n');
  console.log(lines.slice(2).join('\n'));
  return result;
}

/** Nothing that was started goes on, however it ends. */
async function end(code: number): Promise<void> {
  if (ending) return;
  ending = true;
  await stage?.strike().catch(() => {});
  stillness?.stop();
  await server.dispose();
  await rm(music, { recursive: true, force: true });
  // What was just being started when the end came.
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
