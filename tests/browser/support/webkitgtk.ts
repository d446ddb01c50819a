import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Program } from './program.ts';
import { WebDriverTab } from './webdriver.ts';

const START_WAIT_MS = 30_000;
const CLOSE_WAIT_MS = 8_000;
const LOOK_EVERY_MS = 50;

export interface WebKitSettings {
  /** Says where its sound goes. */
  environment: Record<string, string>;
  /** Sound without a gesture. WebKit is delivered without it. */
  autoplay?: boolean;
}

/** Debian's WebKitGTK: its MiniBrowser on a screen of its own, driven by WebKitWebDriver. */
export class WebKitGtk {
  #screen = new Program('Xvfb', /^(\d+)$/);
  #driver: ChildProcess | null = null;
  #tab: WebDriverTab | null = null;

  static async launch(settings: WebKitSettings): Promise<WebKitGtk> {
    const browser = new WebKitGtk();
    try {
      await browser.#start(settings);
      return browser;
    } catch (error) {
      await browser.close();
      throw error;
    }
  }

  get tab(): WebDriverTab {
    return this.#tab!;
  }

  /** The process whose descendants are the browser. */
  get pid(): number {
    return this.#driver!.pid!;
  }

  /** A browser that does not answer is killed. */
  async close(): Promise<void> {
    const driver = this.#driver;
    if (driver?.pid !== undefined && driver.exitCode === null) {
      await Promise.race([this.#tab?.close().catch(() => {}), wait(CLOSE_WAIT_MS, undefined, { ref: false })]);
      const ended = once(driver, 'exit');
      // The driver leads a process group: the browser ends with it.
      process.kill(-driver.pid, 'SIGKILL');
      await ended;
    }
    await this.#screen.end('SIGTERM');
  }

  async #start({ environment, autoplay = false }: WebKitSettings): Promise<void> {
    const screen = ['-displayfd', '1', '-screen', '0', '1440x900x24', '-nolisten', 'tcp'];
    const display = await this.#screen.start(screen);
    this.#driver = spawn('WebKitWebDriver', ['--port=0'], {
      detached: true,
      stdio: 'ignore',
      env: {
        ...process.env,
        DISPLAY: `:${display}`,
        // There is no graphics card.
        LIBGL_ALWAYS_SOFTWARE: '1',
        WEBKIT_DISABLE_DMABUF_RENDERER: '1',
        ...environment,
      },
    });
    await once(this.#driver, 'spawn');
    const driver = `http://127.0.0.1:${await portOf(this.pid)}`;
    this.#tab = await WebDriverTab.open(driver, {
      'webkitgtk:browserOptions': {
        binary: miniBrowser(),
        args: ['--automation', `--autoplay-policy=${autoplay ? 'allow' : 'deny'}`],
      },
    });
  }
}

/** Debian keeps it in the library's folder, whose name contains the architecture. */
function miniBrowser(): string {
  const libraries = '/usr/lib';
  const program = 'webkit2gtk-4.1/MiniBrowser';
  const [found] = readdirSync(libraries).filter((folder) => existsSync(join(libraries, folder, program)));
  if (found === undefined) throw new Error(`there is no ${libraries}/*/${program}`);
  return join(libraries, found, program);
}

/** The port that a process listens on at 127.0.0.1. */
async function portOf(pid: number): Promise<number> {
  const until = Date.now() + START_WAIT_MS;
  for (;;) {
    const port = listeningPort(pid);
    if (port !== null) return port;
    if (Date.now() > until) throw new Error(`process ${pid} does not listen`);
    await wait(LOOK_EVERY_MS);
  }
}

function listeningPort(pid: number): number | null {
  const LISTENS = '0A';
  const descriptors = readdirSync(`/proc/${pid}/fd`).map((fd) => readlinkSync(`/proc/${pid}/fd/${fd}`));
  for (const line of readFileSync('/proc/net/tcp', 'utf8').split('\n').slice(1)) {
    const [, local, , state, , , , , , inode] = line.trim().split(/\s+/);
    if (state === LISTENS && descriptors.includes(`socket:[${inode}]`))
      return Number.parseInt(local!.split(':')[1]!, 16);
  }
  return null;
}
