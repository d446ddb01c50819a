import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const START_WAIT_MS = 30_000;

/** A program that says on which address it is ready, and can be ended and started again. */
export class Program {
  /** Everything it said, over all its lives. */
  log = '';
  #process: ChildProcess | null = null;

  constructor(
    private readonly binary: string,
    /** The line that says that it is ready; its first group is the address. */
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

  /** While it goes on. */
  get pid(): number | undefined {
    return this.#process?.pid;
  }

  /** Says it to a program that goes on. */
  tell(signal: NodeJS.Signals): void {
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
