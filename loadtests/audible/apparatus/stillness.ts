import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { exempt, REAL_TIME } from './urgency.ts';

/**
 * How long the machine stood still. On each processor a thread of `cyclictest` wants to wake every 2 ms and notes how late it
 * was. It goes before everything of ours, the sound included (`urgency.ts`), so nothing of ours can keep it waiting: then the
 * processor did not run at all, as happens to a virtual one whose host is busy. No player can help what is heard then.
 */

const WAKE_US = 2_000;

export class Stillness {
  #watcher: ChildProcess;
  #said: Promise<string>;
  #ended: Promise<unknown>;

  /** Watches from now on. */
  constructor() {
    const goesFirst = ['--policy=fifo', `--priority=${REAL_TIME + 1}`];
    // Nothing of the machine is changed for it: how deeply a processor sleeps belongs to what is measured.
    const options = ['--quiet', '--smp', '--default-system', `--interval=${WAKE_US}`, ...goesFirst];
    this.#watcher = spawn('cyclictest', options, { stdio: ['ignore', 'pipe', 'ignore'] });
    if (this.#watcher.pid !== undefined) exempt.add(this.#watcher.pid);
    this.#said = text(this.#watcher.stdout!);
    this.#ended = once(this.#watcher, 'close').catch(() => {});
  }

  /** Watches no longer. The longest in the meantime; `null` where nobody could watch, or was allowed to go first. */
  async endMs(): Promise<number | null> {
    this.#watcher.kill('SIGINT');
    await this.#ended;
    const { pid } = this.#watcher;
    if (pid !== undefined) exempt.delete(pid);
    return worstMs(await this.#said);
  }
}

/** By the summary that it prints, a line for each processor, in µs. */
export function worstMs(summary: string): number | null {
  const worstUs = [...summary.matchAll(/^T:.* Max: *(\d+)$/gm)].map(([, us]) => Number(us));
  return worstUs.length === 0 ? null : Math.max(...worstUs) / 1000;
}
