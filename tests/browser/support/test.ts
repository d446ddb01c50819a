import { type BrowserContextOptions, test as base, expect, type Page } from '@playwright/test';
import axe, { type RunOnly } from 'axe-core';
import { installAutoplayPolicy, installEar } from './ear.ts';
import { FlakyProxy } from './flaky-proxy.ts';
import { Guest, LAPTOP } from './guest.ts';
import { installPseudoLocale, type PseudoLocale } from './pseudo-locale.ts';
import { Server } from './server.ts';

export interface GuestOptions extends BrowserContextOptions {
  /** Connects through this proxy instead of directly. */
  flakyProxy?: FlakyProxy;
  /** The browser blocks sound until a click on each new page. */
  blockAutoplay?: boolean;
}

interface Fixtures {
  /** Additional environment variables of the server. */
  settings: Record<string, string>;
  /** Shows every page in this locale. */
  pseudoLocale: PseudoLocale | null;
  server: Server;
  flakyProxy: FlakyProxy;
  /** Creates a guest with their own browser context. */
  guest: (name: string, options?: GuestOptions) => Promise<Guest>;
}

export const test = base.extend<Fixtures>({
  settings: {},
  pseudoLocale: null,

  server: async ({ settings }, use, info) => {
    const server = new Server(settings);
    try {
      await server.start();
      await use(server);
    } finally {
      await server.dispose();
      if (info.status !== info.expectedStatus) await info.attach('server.log', { body: server.log });
    }
  },

  flakyProxy: async ({ server }, use) => {
    const proxy = new FlakyProxy(() => server.port);
    await proxy.start();
    await use(proxy);
    proxy.stop();
  },

  guest: async ({ browser, server, pseudoLocale }, use) => {
    const guests: Guest[] = [];
    await use(async (name, { flakyProxy, blockAutoplay = false, ...options } = {}) => {
      const context = await browser.newContext({
        viewport: LAPTOP,
        // Its requests could not be watched or changed. Stories about the worker allow it.
        serviceWorkers: 'block',
        baseURL: flakyProxy?.url ?? server.url,
        ...options,
      });
      await context.addInitScript(installEar);
      if (pseudoLocale !== null) await installPseudoLocale(context, pseudoLocale);
      if (blockAutoplay) await context.addInitScript(installAutoplayPolicy);
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
          console.error(`content security policy: ${violatedDirective} forbids ${blockedURI}`),
        );
      });
      const guest = new Guest(name, context, await context.newPage());
      guests.push(guest);
      return guest;
    });
    const consoleErrors = guests.flatMap((guest) => guest.consoleErrors);
    for (const { context } of guests) await context.close();
    expect(consoleErrors, 'no console shows an error').toEqual([]);
  },
});

/** Waits until transitions have finished and images are loaded. */
export async function settled(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForFunction(
    () =>
      document.getAnimations().every(({ playState }) => playState !== 'running') &&
      [...document.images].every(({ complete, loading }) => complete || loading === 'lazy'),
  );
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** The rules whose result depends on colours. */
const COLOUR_RULES = ['color-contrast', 'link-in-text-block'];

/** axe finds no violation of WCAG 2.2 AA, in the light and the dark scheme. */
export async function isAccessible({ page }: Guest): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await settled(page);
    if (!(await page.evaluate(() => 'axe' in window))) await page.evaluate(axe.source);
    // Nothing but colours changes between the schemes.
    const runOnly: RunOnly =
      colorScheme === 'light' ? { type: 'tag', values: WCAG } : { type: 'rule', values: COLOUR_RULES };
    const found = await page.evaluate(async (runOnly) => {
      const { violations } = await (window as unknown as { axe: typeof axe }).axe.run({
        runOnly,
        resultTypes: ['violations'],
      });
      return violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n  ')}`);
    }, runOnly);
    expect(found, `axe on ${page.url()}, ${colorScheme}`).toEqual([]);
  }
}

export { expect };
