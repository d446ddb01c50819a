import { setTimeout as wait } from 'node:timers/promises';
import { signal, treeOf } from './process-tree.ts';

const CLOSE_WAIT_MS = 8_000;

/** What Playwright needs to drive Debian's own Firefox, by WebDriver BiDi. */
interface FirefoxOptions {
  channel: string;
  executablePath: string;
  headless: boolean;
  env: Record<string, string>;
  firefoxUserPrefs: Record<string, number>;
}

export interface FirefoxSettings {
  /** Says where its sound goes. */
  environment: Record<string, string>;
  /** Sound without a gesture. Firefox is delivered without it. */
  autoplay?: boolean;
}

/** Debian's Firefox, as it is delivered. Playwright is passed in: two packages use their own. */
export class Firefox<Browser extends { close(): Promise<void> }> {
  private constructor(
    readonly browser: Browser,
    /** The process whose descendants are the browser. */
    readonly pid: number,
  ) {}

  static async launch<Browser extends { close(): Promise<void> }>(
    launch: (options: FirefoxOptions) => Promise<Browser>,
    { environment, autoplay = false }: FirefoxSettings,
  ): Promise<Firefox<Browser>> {
    const before = new Set(treeOf(process.pid));
    const browser = await launch({
      channel: 'moz-firefox',
      executablePath: process.env.FIREFOX ?? '/usr/bin/firefox-esr',
      headless: true,
      env: { ...(process.env as Record<string, string>), ...environment },
      firefoxUserPrefs: { 'media.autoplay.default': autoplay ? 0 : 1 },
    });
    // A parent comes before its children. Playwright does not tell the process.
    return new Firefox(browser, treeOf(process.pid).find((pid) => !before.has(pid))!);
  }

  /** A browser that does not answer is killed. */
  async close(): Promise<void> {
    const tree = treeOf(this.pid);
    const closed = this.browser.close().then(() => true);
    const answered = await Promise.race([closed.catch(() => false), wait(CLOSE_WAIT_MS, false, { ref: false })]);
    if (!answered) signal(tree, 'SIGKILL');
  }
}
