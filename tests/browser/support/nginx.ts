import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Program } from './program.ts';

/** The recipes in `deploy/`: for a site, and for a part of one. */
export type Recipe = 'nginx.conf' | 'base-path/nginx.conf';
/** The recipes' names of the server. */
const NAMES: Record<Recipe, string> = { 'nginx.conf': 'tutti.example', 'base-path/nginx.conf': 'home.example' };

/** What an operator forgets: `Upgrade` and `Connection` are not passed on; or all of the recipe but `proxy_pass`. */
export type Omission = 'nothing' | 'upgrade' | 'headers';

/** The ports of this machine that stand for ports 80 and 443 of `tutti.example`. */
export interface Ports {
  http: number;
  https: number;
}

export async function freePorts(): Promise<Ports> {
  const listeners = [createServer(), createServer()];
  const ports = listeners.map(async (listener) => {
    listener.listen(0, '127.0.0.1');
    await once(listener, 'listening');
    const address = listener.address();
    if (address === null || typeof address === 'string') throw new Error('no port');
    return address.port;
  });
  const [http, https] = (await Promise.all(ports)) as [number, number];
  for (const listener of listeners) listener.close();
  return { http, https };
}

function read(recipe: Recipe): Promise<string> {
  return readFile(new URL(`../../../deploy/${recipe}`, import.meta.url), 'utf8');
}

/** The settings of the server that the recipe asks for. */
export async function recipeSettings(recipe: Recipe = 'nginx.conf'): Promise<Record<string, string>> {
  const text = await read(recipe);
  const settings = Object.fromEntries(
    [...text.matchAll(/^# +(TUTTI_\w+)=(.+)$/gm)].map(([, name, value]) => [name, value]),
  );
  delete settings.TUTTI_LISTEN;
  return settings;
}

/** Debian's nginx with a recipe of `deploy/`, on other ports, before a server. */
export class Nginx {
  #folder = '';
  #program: Program | null = null;

  constructor(
    private readonly ports: Ports,
    private readonly upstreamPort: () => number,
    private readonly recipe: Recipe,
  ) {}

  /** Starts nginx, or restarts it: that closes every connection through it. */
  async start(omitted: Omission = 'nothing'): Promise<void> {
    await this.stop();
    if (this.#folder === '') {
      this.#folder = await mkdtemp(join(tmpdir(), 'tutti-nginx-'));
      await makeCertificate(this.#folder, NAMES[this.recipe]);
    }
    await writeFile(join(this.#folder, 'nginx.conf'), this.#around(await this.#site(omitted)));
    this.#program = new Program(nginx(), /using the "(\w+)" event method/);
    await this.#program.start(['-p', this.#folder, '-c', join(this.#folder, 'nginx.conf'), '-e', 'stderr']);
  }

  async stop(): Promise<void> {
    await this.#program?.end('SIGTERM');
    this.#program = null;
  }

  async dispose(): Promise<void> {
    await this.stop();
    if (this.#folder !== '') await rm(this.#folder, { recursive: true, force: true });
  }

  /** What Debian's nginx.conf is around a site, without other users and folders. */
  #around(site: string): string {
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
    return `daemon off; master_process off; pid nginx.pid; error_log stderr notice;
      events {}
      http { access_log off; ${temporary.join(' ')}
      ${site}
      }`;
  }

  async #site(omitted: Omission): Promise<string> {
    const letsEncrypt = `/etc/letsencrypt/live/${NAMES[this.recipe]}`;
    let site = await read(this.recipe);
    const replace = (from: string | RegExp, to: string) => {
      const replaced = site.replace(from, to);
      if (replaced === site) throw new Error(`deploy/${this.recipe} has no ${from}`);
      site = replaced;
    };
    replace('listen 80;', `listen 127.0.0.1:${this.ports.http};`);
    replace('listen 443 ssl;', `listen 127.0.0.1:${this.ports.https} ssl;`);
    replace(/listen \[::\].*;/g, '');
    replace(`${letsEncrypt}/fullchain.pem`, join(this.#folder, 'certificate.pem'));
    replace(`${letsEncrypt}/privkey.pem`, join(this.#folder, 'key.pem'));
    replace('proxy_pass http://127.0.0.1:8080;', `proxy_pass http://127.0.0.1:${this.upstreamPort()};`);
    if (omitted === 'upgrade') replace(/proxy_set_header (Upgrade|Connection) .*;/g, '');
    if (omitted === 'headers') replace(/proxy_(set_header|http_version|read_timeout) .*;/g, '');
    return site;
  }
}

async function makeCertificate(folder: string, name: string): Promise<void> {
  const kind = ['-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '2'];
  const names = ['-subj', `/CN=${name}`, '-addext', `subjectAltName=DNS:${name}`];
  const files = ['-keyout', join(folder, 'key.pem'), '-out', join(folder, 'certificate.pem')];
  await promisify(execFile)('openssl', ['req', ...kind, ...names, ...files]);
}

/** Debian's path, which is not on a user's PATH; else where `.ci/setup` unpacks the program. */
function nginx(): string {
  const unpacked = fileURLToPath(new URL('../../../target/tools/nginx/usr/sbin/nginx', import.meta.url));
  return ['/usr/sbin/nginx', unpacked].find((path) => existsSync(path)) ?? 'nginx';
}
