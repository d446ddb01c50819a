import { type Browser, type BrowserServer, chromium, type Page } from 'playwright-core';
import type { Calibration } from '../../../client/src/calibration/calibration.ts';
import { type Outputs, sinkOf } from './outputs.ts';
import { signal, treeOf } from './process-tree.ts';
import { installSkew, type Skew } from './skewed-clock.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // After a reload nobody is there to touch the page; the first time it is clicked, as by a person.
  '--autoplay-policy=no-user-gesture-required',
];
const WAIT_MS = 30_000;
const VOLUME_KEY = 'tutti.volume';
const DEVICE_KEY = 'tutti.device';

/** Somebody with a browser of their own, whose sound goes to an output of its own. */
export class BrowserPlayer {
  readonly #complaints: string[] = [];

  private constructor(
    readonly name: string,
    private readonly server: BrowserServer,
    private readonly browser: Browser,
    private readonly page: Page,
  ) {}

  static async launch(
    name: string,
    outputs: Outputs,
    player: number,
    url: string,
    skew?: Skew,
  ): Promise<BrowserPlayer> {
    const server = await chromium.launchServer({
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: FLAGS,
      ignoreDefaultArgs: ['--mute-audio'],
      env: { ...process.env, ...outputs.pulse.environment(sinkOf(player)) },
      handleSIGINT: false,
      handleSIGTERM: false,
    });
    const browser = await chromium.connect(server.wsEndpoint());
    const context = await browser.newContext({ baseURL: url, reducedMotion: 'reduce' });
    await context.addInitScript(([key]) => localStorage.setItem(key!, '1'), [VOLUME_KEY]);
    if (skew !== undefined) await context.addInitScript({ content: inPage(installSkew, skew) });
    const page = await context.newPage();
    page.setDefaultTimeout(WAIT_MS);
    const one = new BrowserPlayer(name, server, browser, page);
    page.on('console', (message) => {
      if (message.type() === 'error') one.#complaints.push(`${name}: ${message.text()}`);
    });
    page.on('pageerror', (error) => one.#complaints.push(`${name}: ${error.message}`));
    return one;
  }

  /** What the page complained about: then the figures are of something else. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  async join(code: string): Promise<void> {
    await this.page.goto(`/r/${code}`);
    await this.page.getByTestId('guest-name').fill(this.name);
    await this.page.getByTestId('join').click();
    await this.page.locator('[data-testid=connection-state][data-state=online]').waitFor();
  }

  /** A click, as a person's; from then on nothing is painted, which would only keep the machine busy. */
  async playHere(): Promise<void> {
    await this.page.getByTestId('play-here').click();
    await this.#hide();
  }

  /** The same button while the page is not painted: stops what plays, and plays again. */
  async toggle(): Promise<void> {
    await this.page.getByTestId('play-here').dispatchEvent('click');
  }

  /** The result of a hearing, kept as the page keeps it; it counts from the next visit. */
  async calibrate(offsetMs: number): Promise<void> {
    const calibrated: Calibration = { offset_ms: offsetMs, error_ms: 0.1, how: 'heard', at_ms: Date.now() };
    await this.page.evaluate(
      ([deviceKey, entry]) => {
        const device = localStorage.getItem(deviceKey!);
        localStorage.setItem(`tutti.calibration.${device}`, entry!);
      },
      [DEVICE_KEY, JSON.stringify([['default', calibrated]])],
    );
    await this.page.reload();
    await this.page.locator('[data-testid=connection-state][data-state=online]').waitFor();
    await this.#hide();
  }

  /** What it says of itself; `null`: nothing yet. */
  async saidErrorMs(): Promise<string | null> {
    return this.page.getByTestId('sync-error-ms').textContent();
  }

  /** Stands still as a whole, sound included, until it is released. */
  stall(): () => void {
    const tree = treeOf(this.server.process().pid!);
    signal(tree, 'SIGSTOP');
    return () => signal(tree, 'SIGCONT');
  }

  async close(): Promise<void> {
    await this.browser.close().catch(() => {});
    await this.server.close().catch(() => {});
  }

  async #hide(): Promise<void> {
    await this.page.evaluate(() => {
      document.documentElement.style.display = 'none';
    });
  }
}

/** A call of that function as the page runs it. What compiles it here keeps the names of functions by a helper of its own. */
function inPage<Argument>(call: (argument: Argument) => void, argument: Argument): string {
  return `{ const __name = (named) => named; (${call})(${JSON.stringify(argument)}); }`;
}
