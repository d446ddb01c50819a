import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeSync } from 'node:fs';
import { cpus } from 'node:os';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { nowMs } from './clock.ts';
import { setSoundCardPriority } from './priority.ts';

/**
 * Detects stalls of the machine. On each processor a process wakes every 2 ms and records late wake-ups. It has a higher
 * priority than everything else of ours, sound included (`priority.ts`), so a late wake-up means that the processor did not
 * run at all, as happens to a virtual one on a busy host. No player can prevent what is heard then.
 */

const WATCH = fileURLToPath(import.meta.url);
const WAKE_MS = 2;
/** Longer stalls cause audible gaps and are excluded. The effect of shorter ones counts against the players. */
export const STALL_MS_MIN = 20;

/** In ms of the machine's clock. */
export interface DetectedStall {
  fromMs: number;
  lengthMs: number;
}

export class StallDetector {
  #found: DetectedStall[] = [];
  /** All watchers run with priority; otherwise stalls are not detected. */
  #watched = true;
  #watchers: ChildProcess[] = [];

  /** Starts watching. */
  static async begin(): Promise<StallDetector> {
    const stallDetector = new StallDetector();
    await Promise.all(cpus().map((_, cpu) => stallDetector.#watch(cpu)));
    return stallDetector;
  }

  /** Stalls since the last call; `null` without the permission to watch. */
  take(): DetectedStall[] | null {
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
    // Not earlier: at that priority its starting threads would wait for each other and block everything else.
    if (watcher.pid === undefined || !(await setSoundCardPriority(watcher.pid))) lose();
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
    if (atMs - dueMs > STALL_MS_MIN) writeSync(1, `${dueMs} ${atMs - dueMs}\n`);
    dueMs = atMs + WAKE_MS;
  }
}

if (process.argv[1] === WATCH) watch();
