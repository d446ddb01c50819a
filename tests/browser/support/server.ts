import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const BINARY = process.env.TUTTI_BINARY ?? fileURLToPath(new URL('../../../target/debug/tutti', import.meta.url));
const START_WAIT_MS = 30_000;

/** All the people of a test come from one address, faster than people do; the limits have tests of their own. */
const ENVIRONMENT = {
  TUTTI_LIMIT_LOGINS: '1000',
  TUTTI_LIMIT_REGISTRATIONS: '1000',
  TUTTI_LIMIT_GUESTS: '1000',
  TUTTI_LIMIT_JOINS: '10000',
  TUTTI_LIMIT_GUESSES: '1000',
  TUTTI_LIMIT_ROOMS: '1000',
  TUTTI_LIMIT_SEARCHES: '10000',
  // An unoptimised bcrypt at full cost takes seconds.
  TUTTI_BCRYPT_COST: '4',
  NO_COLOR: '1',
};

/** The real server in a folder of its own; it can be stopped and started again at the same address. */
export class Server {
  /** Everything it said, over all its lives. */
  log = '';
  url = '';
  #dataDir = '';
  #process: ChildProcess | null = null;

  get port(): number {
    return Number(new URL(this.url).port);
  }

  async start(): Promise<void> {
    this.#dataDir ||= await mkdtemp(join(tmpdir(), 'tutti-browser-'));
    const address = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    const child = spawn(BINARY, ['serve', '--listen', address, '--data-dir', this.#dataDir], {
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { PATH: process.env.PATH, ...ENVIRONMENT },
    });
    this.#process = child;
    const serving = new Promise<string>((resolve, reject) => {
      child.once('error', (error) => reject(new Error(`${BINARY} cannot be run: ${error.message}`)));
      child.once('exit', (code) => reject(new Error(`the server ended with ${code}:\n${this.log}`)));
      createInterface({ input: child.stderr! }).on('line', (line) => {
        this.log += `${line}\n`;
        const found = /serving at (http:\/\/[\d.:]+)/.exec(line);
        if (found !== null) resolve(found[1]!);
      });
    });
    const late = setTimeout(() => child.kill('SIGKILL'), START_WAIT_MS);
    this.url = await serving.finally(() => clearTimeout(late));
  }

  /** As a service manager stops it. */
  async stop(): Promise<void> {
    await this.#end('SIGTERM');
  }

  async dispose(): Promise<void> {
    await this.#end('SIGKILL');
    if (this.#dataDir !== '') await rm(this.#dataDir, { recursive: true, force: true });
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const child = this.#process;
    this.#process = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  }
}
