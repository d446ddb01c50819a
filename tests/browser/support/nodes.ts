import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { freePorts } from './nginx.ts';
import { Program } from './program.ts';
import { BINARY, Server } from './server.ts';

/** Runs a MariaDB with a database and a user for tests, for as long as a file is locked. */
const MARIADB = fileURLToPath(new URL('../../support/mariadb.sh', import.meta.url));

/** Servers that share a MariaDB over NATS, each at an address of its own. */
export class Nodes {
  readonly servers: Server[] = [];
  #folder = '';
  #nats = new Program(nats(), /(Server is ready)/);
  /** Holds the lock, and ends with this process. */
  #user: ChildProcess | null = null;

  async start(count: number, settings: Record<string, string>): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'tutti-nodes-'));
    const ports = await freePorts();
    await this.#nats.start(['-a', '127.0.0.1', '-p', String(ports.http)]);
    const shared = {
      ...settings,
      TUTTI_DATABASE_URL: await this.#startDatabase(ports.https),
      TUTTI_NATS_URL: `nats://127.0.0.1:${ports.http}`,
    };
    const first = new Server({ ...shared, TUTTI_NODE_ID: 'node-0' });
    this.servers.push(first);
    await first.start();
    const keys = { TUTTI_KEYS: (await first.command('keys', 'export')).trim() };
    for (let number = 1; number < count; number += 1) {
      this.servers.push(new Server({ ...shared, ...keys, TUTTI_NODE_ID: `node-${number}` }));
    }
    await Promise.all(this.servers.slice(1).map((server) => server.start()));
  }

  /** The URL of a database with an empty schema. */
  async #startDatabase(port: number): Promise<string> {
    const [folder, users] = [join(this.#folder, 'mariadb'), join(this.#folder, 'users')];
    this.#user = await spawned('flock', ['--shared', users, 'sh', '-c', 'echo locked; exec cat'], /^locked$/);
    await spawned(MARIADB, [folder, users, String(port), '0'], /^\d+$/);
    const url = `mysql://tutti:p%40ss%2Fword@127.0.0.1:${port}/tutti`;
    const env = { PATH: process.env.PATH, TUTTI_DATABASE_URL: url };
    await promisify(execFile)(BINARY, ['migrate'], { env, cwd: this.#folder });
    return url;
  }

  get log(): string {
    return this.servers.map(({ log }) => log).join('\n');
  }

  async dispose(): Promise<void> {
    for (const server of this.servers) await server.dispose();
    await this.#nats.end('SIGKILL');
    // The script sees that no process holds the lock, and removes the server with its folder.
    this.#user?.stdin?.end();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }
}

/** Starts a program and waits for a line of its output. */
async function spawned(program: string, args: string[], ready: RegExp): Promise<ChildProcess> {
  const child = spawn(program, args, { stdio: ['pipe', 'pipe', 'ignore'] });
  const ended = once(child, 'exit').then(() => Promise.reject(new Error(`${program} ended: see .ci/setup`)));
  const lines = createInterface({ input: child.stdout });
  const said = (async () => {
    for await (const line of lines) if (ready.test(line)) return;
  })();
  await Promise.race([said, ended]);
  ended.catch(() => {});
  return child;
}

function nats(): string {
  const unpacked = fileURLToPath(new URL('../../../target/tools/nats-server/usr/sbin/nats-server', import.meta.url));
  return ['/usr/sbin/nats-server', unpacked].find((path) => existsSync(path)) ?? 'nats-server';
}
