import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Program } from './program.ts';

export const BINARY =
  process.env.TUTTI_BINARY ?? fileURLToPath(new URL('../../../target/debug/tutti', import.meta.url));

/** Invitations lead to a name that phones can open. A server that listens on 127.0.0.1 has no address for them. */
export const INVITES = { TUTTI_PUBLIC_URL: 'http://tutti.lan:8080' };

/** All clients of a test share one address and act faster than people; the rate limits have their own tests. */
const ENVIRONMENT = {
  TUTTI_LIMIT_LOGINS: '1000',
  TUTTI_LIMIT_REGISTRATIONS: '1000',
  TUTTI_LIMIT_GUESTS: '1000',
  TUTTI_LIMIT_JOINS: '10000',
  TUTTI_LIMIT_GUESSES: '1000',
  TUTTI_LIMIT_ROOMS: '1000',
  TUTTI_LIMIT_SEARCHES: '10000',
  TUTTI_LIMIT_SPOTIFY_LOGINS: '1000',
  TUTTI_LIMIT_SPOTIFY_REQUESTS: '1000',
  // Unoptimised bcrypt takes seconds at the default cost.
  TUTTI_BCRYPT_COST: '4',
  NO_COLOR: '1',
};

/** The real server with its own data directory. Can be restarted at the same address. */
export class Server {
  url = '';
  #dataDir = '';
  #program = new Program(BINARY, /serving at (http:\/\/[\d.:]+)/);

  constructor(public settings: Record<string, string> = {}) {}

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get log(): string {
    return this.#program.log;
  }

  async start(): Promise<void> {
    this.#dataDir ||= await mkdtemp(join(tmpdir(), 'tutti-browser-'));
    const address = this.url === '' ? '127.0.0.1:0' : new URL(this.url).host;
    this.url = await this.#program.start(['serve', '--listen', address, '--data-dir', this.#dataDir], {
      ...ENVIRONMENT,
      ...this.settings,
    });
  }

  /** Runs a command of the program on the server's data, while it runs; returns what it prints. */
  async command(...args: string[]): Promise<string> {
    // Without what the tests themselves read from the environment: the program refuses names that it does not know.
    const env = { PATH: process.env.PATH };
    const { stdout } = await promisify(execFile)(BINARY, [...args, '--data-dir', this.#dataDir], { env });
    return stdout;
  }

  /** Stops the server with SIGTERM, as a service manager does. */
  async stop(): Promise<void> {
    await this.#program.end('SIGTERM');
  }

  async kill(): Promise<void> {
    await this.#program.end('SIGKILL');
  }

  async dispose(): Promise<void> {
    await this.#program.end('SIGKILL');
    if (this.#dataDir !== '') await rm(this.#dataDir, { recursive: true, force: true });
  }
}
