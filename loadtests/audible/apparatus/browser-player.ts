import { type Browser, type BrowserServer, chromium, type Page } from 'playwright-core';
import type { Calibration } from '../../../client/src/calibration/calibration.ts';
import { signal, treeOf } from '../../../tests/browser/support/process-tree.ts';
import { type Outputs, sinkOf } from './outputs.ts';
import { installSkew, type Skew } from './skewed-clock.ts';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  // After a reload there is no user gesture; only the first click is a trusted one.
  '--autoplay-policy=no-user-gesture-required',
];
const WAIT_MS = 30_000;
const VOLUME_KEY = 'tutti.volume';
const DEVICE_KEY = 'tutti.device';

/** A browser of its own whose sound goes to an output of its own. */
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
      ignoreDefaultArgs: ['--withoutSound-audio'],
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

  /** Errors of the page, which invalidate the figures. */
  get complaints(): readonly string[] {
    return this.#complaints;
  }

  async join(code: string): Promise<void> {
    await this.page.goto(`/r/${code}`);
    await this.page.getByTestId('guest-name').fill(this.name);
    await this.page.getByTestId('join').click();
    await this.page.locator('[data-testid=connection-state][data-state=online]').waitFor();
  }

  /** A trusted click; from then on the page is hidden, so that painting does not load the machine. */
  async playHere(): Promise<void> {
    await this.page.getByTestId('play-here').click();
    await this.#hide();
  }

  /** The same button while the page is hidden: stops playback and starts it again. */
  async toggle(): Promise<void> {
    await this.page.getByTestId('play-here').dispatchEvent('click');
  }

  /** Stores a calibration as the page does; it takes effect at the next load. */
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

  /** The sync error that the page reports; `null` before the first report. */
  async saidErrorMs(): Promise<string | null> {
    return this.page.getByTestId('sync-error-ms').textContent();
  }

  /** Stops the whole process tree, sound included, until it is released. */
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

/** Serialises a call for the page. Defines the `__name` helper that the local compiler inserts. */
function inPage<Argument>(call: (argument: Argument) => void, argument: Argument): string {
  return `{ const __name = (named) => named; (${call})(${JSON.stringify(argument)}); }`;
}
