import { chromium, firefox, type Page } from 'playwright-core';
import { Firefox } from '../../../tests/browser/support/firefox.ts';
import { callOf, PlaywrightTab, type Tab } from '../../../tests/browser/support/tab.ts';
import { WebKitGtk } from '../../../tests/browser/support/webkitgtk.ts';
import { installSkew, type Skew } from './skewed-clock.ts';

export type EngineName = 'chromium' | 'firefox' | 'webkitgtk';

const FLAGS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
  '--autoplay-policy=no-user-gesture-required',
];
const WAIT_MS = 30_000;

/** A browser of its own with one page. Sound needs no gesture: after a reload there is none. */
export interface Launched {
  tab: Tab;
  /** The process whose descendants are the browser. */
  pid: number;
  /** Errors of the page, where the driver tells them. */
  complaints: string[];
  /** Where the driver can. */
  collectGarbage?(): Promise<void>;
  close(): Promise<void>;
}

/** `environment` says where its sound goes. */
export async function launch(engine: EngineName, environment: Record<string, string>, skew?: Skew): Promise<Launched> {
  if (engine === 'webkitgtk') {
    const browser = await WebKitGtk.launch({ environment, autoplay: true });
    return { tab: browser.tab, pid: browser.pid, complaints: [], close: () => browser.close() };
  }
  return engine === 'firefox' ? launchFirefox(environment) : launchChromium(environment, skew);
}

async function launchFirefox(environment: Record<string, string>): Promise<Launched> {
  const launched = await Firefox.launch((options) => firefox.launch(options), { environment, autoplay: true });
  const page = await launched.browser.newPage();
  return { ...opened(page), pid: launched.pid, close: () => launched.close() };
}

async function launchChromium(environment: Record<string, string>, skew?: Skew): Promise<Launched> {
  const server = await chromium.launchServer({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: FLAGS,
    ignoreDefaultArgs: ['--mute-audio'],
    env: { ...(process.env as Record<string, string>), ...environment },
    handleSIGINT: false,
    handleSIGTERM: false,
  });
  const browser = await chromium.connect(server.wsEndpoint());
  const context = await browser.newContext({ reducedMotion: 'reduce' });
  if (skew !== undefined) await context.addInitScript({ content: callOf(installSkew, skew) });
  const page = await context.newPage();
  return {
    ...opened(page),
    pid: server.process().pid!,
    close: async () => {
      await browser.close().catch(() => {});
      await server.close().catch(() => {});
    },
  };
}

function opened(page: Page): Pick<Launched, 'tab' | 'complaints' | 'collectGarbage'> {
  const complaints: string[] = [];
  page.setDefaultTimeout(WAIT_MS);
  page.on('console', (message) => {
    if (message.type() === 'error') complaints.push(message.text());
  });
  page.on('pageerror', (error) => complaints.push(error.message));
  return { tab: new PlaywrightTab(page), complaints, collectGarbage: () => page.requestGC() };
}
