import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_WAIT_MS = 30_000;

/** A child process that prints its address when it is ready. Can be stopped and started again. */
export class Program {
  /** The output of all runs. */
  log = '';
  #process: ChildProcess | null = null;

  constructor(
    private readonly binary: string,
    /** Matches the line printed when ready; the first group is the address. */
    private readonly ready: RegExp,
  ) {}

  async start(args: string[], environment: Record<string, string> = {}): Promise<string> {
    const child = spawn(this.binary, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { PATH: process.env.PATH, ...environment },
    });
    this.#process = child;
    const serving = new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${this.binary} cannot be run: ${error.message}`)));
      child.once('exit', (code) => reject(new Error(`${this.binary} ended with ${code}:\n${this.log}`)));
      for (const output of [child.stdout, child.stderr]) {
        createInterface({ input: output }).on('line', (line) => {
          this.log += `${line}\n`;
          const found = this.ready.exec(line);
          if (found !== null) resolve(found[1]!);
        });
      }
    });
    const late = setTimeout(() => child.kill('SIGKILL'), START_WAIT_MS);
    return serving.finally(() => clearTimeout(late));
  }

  /** The process id while it runs. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Sends a signal without waiting for the exit. */
  signal(signal: NodeJS.Signals): void {
    this.#process?.kill(signal);
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
