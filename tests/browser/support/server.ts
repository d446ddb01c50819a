import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Program } from './program.ts';

export const BINARY =
  process.env.TUTTI_BINARY ?? fileURLToPath(new URL('../../../target/debug/tutti', import.meta.url));

/** All the people of a test come from one address, faster than people do; the limits have tests of their own. */
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
  // An unoptimised bcrypt at full cost takes seconds.
  TUTTI_BCRYPT_COST: '4',
  NO_COLOR: '1',
};

/** The real server in a folder of its own; it can be stopped and started again at the same address. */
export class Server {
  url = '';
  #dataDir = '';
  #program = new Program(BINARY, /serving at (http:\/\/[\d.:]+)/);

  constructor(private readonly settings: Record<string, string> = {}) {}

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

  /** As a service manager stops it. */
  async stop(): Promise<void> {
    await this.#program.end('SIGTERM');
  }

  async dispose(): Promise<void> {
    await this.#program.end('SIGKILL');
    if (this.#dataDir !== '') await rm(this.#dataDir, { recursive: true, force: true });
  }
}
