import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nowMs } from './clock.ts';
import { goFirst } from './urgency.ts';

/**
 * When the machine stood still. On each processor a process wants to wake every 2 ms and notes when it was late. It goes
 * before everything of ours, the sound included (`urgency.ts`), so nothing of ours can keep it waiting: then the processor
 * did not run at all, as happens to a virtual one whose host is busy. No player can help what is heard then.
 */

const WATCH = fileURLToPath(import.meta.url);
const WAKE_MS = 2;
/** Gaps were heard where it stood still for longer. What shorter standstills do counts against the players. */
export const STILL_MS = 20;

/** On the machine's clock. */
export interface Standstill {
  fromMs: number;
  lengthMs: number;
}

export class Stillness {
  #found: Standstill[] = [];
  /** All of them run and go first: otherwise there is nobody who watches. */
  #watched = true;
  #watchers: ChildProcess[] = [];

  /** Watches from now on. */
  static async begin(): Promise<Stillness> {
    const stillness = new Stillness();
    await Promise.all(cpus().map((_, cpu) => stillness.#watch(cpu)));
    return stillness;
  }

  /** Those since this was last asked; `null` where nobody is allowed to watch. */
  take(): Standstill[] | null {
    const found = this.#found;
    this.#found = [];
    return this.#watched ? found : null;
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.kill('SIGKILL');
  }

  async #watch(cpu: number): Promise<void> {
    const node = [process.execPath, ...process.execArgv, WATCH];
    const watcher = spawn('taskset', ['--cpu-list', String(cpu), ...node], { stdio: ['ignore', 'pipe', 'ignore'] });
    this.#watchers.push(watcher);
    const lose = () => {
      this.#watched = false;
    };
    watcher.once('error', lose).once('exit', lose);
    const lines = createInterface(watcher.stdout!);
    await Promise.race([once(lines, 'line'), once(lines, 'close')]);
    // Not before: while it starts, threads of its own would wait for each other at that priority, and nobody else would run.
    if (watcher.pid === undefined || !(await goFirst(watcher.pid))) lose();
    lines.on('line', (line) => {
      const [fromMs, lengthMs] = line.split(' ').map(Number) as [number, number];
      this.#found.push({ fromMs, lengthMs });
    });
  }
}

function watch(): never {
  const never = new Int32Array(new SharedArrayBuffer(4));
  writeSync(1, 'watching\n');
  for (let dueMs = nowMs() + WAKE_MS; ; ) {
    Atomics.wait(never, 0, 0, WAKE_MS);
    const atMs = nowMs();
    if (atMs - dueMs > STILL_MS) writeSync(1, `${dueMs} ${atMs - dueMs}\n`);
    dueMs = atMs + WAKE_MS;
  }
}

if (process.argv[1] === WATCH) watch();
