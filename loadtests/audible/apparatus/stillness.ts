import { type ChildProcess, spawn } from 'node:child_process';
import { writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nowMs } from './clock.ts';
import { REAL_TIME, selfish } from './urgency.ts';

/**
 * How long the machine stood still. On each processor a process wants to wake every 2 ms and notes when it was late. As it
 * runs at real-time priority like the sound does (`urgency.ts`), nothing of ours can keep it waiting: then the processor did
 * not run at all, as happens to a virtual one whose host is busy. No player can help what is heard then.
 */

const WATCH = fileURLToPath(import.meta.url);
const WAKE_MS = 2;
/** Less is not worth a word. */
const NOTED_MS = 5;

export class Stillness {
  #worstMs = 0;
  #watchers: ChildProcess[];

  constructor() {
    this.#watchers = cpus().map((_, cpu) => {
      const node = [process.execPath, ...process.execArgv, WATCH];
      // All the time, unlike the sound: between two runs nothing of it may be mistaken for the machine.
      const first = ['--rr', REAL_TIME, 'taskset', '--cpu-list', String(cpu)];
      const watcher = spawn('chrt', [...first, ...node], { stdio: ['ignore', 'pipe', 'inherit'] });
      if (watcher.pid !== undefined) selfish.add(watcher.pid);
      const take = (line: string) => {
        this.#worstMs = Math.max(this.#worstMs, Number(line));
      };
      createInterface(watcher.stdout!).on('line', take);
      return watcher;
    });
  }

  /** The longest since this was last asked. */
  takeMs(): number {
    const worstMs = this.#worstMs;
    this.#worstMs = 0;
    return worstMs;
  }

  stop(): void {
    for (const watcher of this.#watchers) watcher.kill('SIGKILL');
  }
}

function watch(): never {
  const never = new Int32Array(new SharedArrayBuffer(4));
  for (let beforeMs = nowMs(); ; ) {
    Atomics.wait(never, 0, 0, WAKE_MS);
    const atMs = nowMs();
    const lateMs = atMs - beforeMs - WAKE_MS;
    if (lateMs > NOTED_MS) writeSync(1, `${lateMs}\n`);
    beforeMs = atMs;
  }
}

if (process.argv[1] === WATCH) watch();
