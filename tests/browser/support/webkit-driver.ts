import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { setTimeout as wait } from 'node:timers/promises';
import { WebDriverTab } from './webdriver.ts';

const START_WAIT_MS = 30_000;
const CLOSE_WAIT_MS = 8_000;
const LOOK_EVERY_MS = 50;

/** The driver of a port of WebKit, and the browser that it starts. */
export class WebKitDriver {
  #tab: WebDriverTab | null = null;

  private constructor(private readonly driver: ChildProcess) {}

  static async launch(
    program: string,
    environment: Record<string, string>,
    capabilities: Record<string, unknown>,
  ): Promise<WebKitDriver> {
    // Without a graphics card.
    const env = { ...process.env, LIBGL_ALWAYS_SOFTWARE: '1', ...environment };
    const driver = spawn(program, ['--port=0'], { detached: true, stdio: 'ignore', env });
    await once(driver, 'spawn');
    const browser = new WebKitDriver(driver);
    try {
      browser.#tab = await WebDriverTab.open(`http://127.0.0.1:${await portOf(browser.pid)}`, capabilities);
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
    return this.driver.pid!;
  }

  /** A browser that does not answer is killed. */
  async close(): Promise<void> {
    if (this.driver.exitCode !== null) return;
    await Promise.race([this.#tab?.close().catch(() => {}), wait(CLOSE_WAIT_MS, undefined, { ref: false })]);
    const ended = once(this.driver, 'exit');
    // The driver leads a process group: the browser ends with it.
    process.kill(-this.pid, 'SIGKILL');
    await ended;
  }
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
