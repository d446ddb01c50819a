import AxeBuilder from '@axe-core/playwright';
import { type BrowserContextOptions, test as base, expect, type Page } from '@playwright/test';
import { installEar, installReluctance } from './ear.ts';
import { Guest, LAPTOP } from './guest.ts';
import { Line } from './line.ts';
import { Server } from './server.ts';

export interface GuestOptions extends BrowserContextOptions {
  /** The network this person comes by; directly, when there is none. */
  line?: Line;
  /** Their browser wants a click on every fresh page before it makes sound. */
  reluctant?: boolean;
}

interface Fixtures {
  /** What the server is told beside what all stories need. */
  settings: Record<string, string>;
  server: Server;
  line: Line;
  /** Somebody with a browser of their own. */
  guest: (name: string, options?: GuestOptions) => Promise<Guest>;
}

export const test = base.extend<Fixtures>({
  settings: {},

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

  line: async ({ server }, use) => {
    const line = new Line(() => server.port);
    await line.start();
    await use(line);
    line.stop();
  },

  guest: async ({ browser, server }, use) => {
    const guests: Guest[] = [];
    await use(async (name, { line, reluctant = false, ...options } = {}) => {
      const context = await browser.newContext({ viewport: LAPTOP, baseURL: line?.url ?? server.url, ...options });
      await context.addInitScript(installEar);
      if (reluctant) await context.addInitScript(installReluctance);
      await context.addInitScript(() => {
        document.addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
          console.error(`content security policy: ${violatedDirective} forbids ${blockedURI}`),
        );
      });
      const guest = new Guest(name, context, await context.newPage());
      guests.push(guest);
      return guest;
    });
    const complaints = guests.flatMap((guest) => guest.complaints);
    for (const { context } of guests) await context.close();
    expect(complaints, 'nothing was complained about in any console').toEqual([]);
  },
});

/** The page has settled: no colour is on its way to another, no image is missing. */
export async function drawn(page: Page): Promise<void> {
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  await page.waitForFunction(
    () =>
      document.getAnimations().every(({ playState }) => playState !== 'running') &&
      [...document.images].every(({ complete, loading }) => complete || loading === 'lazy'),
  );
}

const WCAG = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];

/** No violation of WCAG 2.2 AA that a machine can find, in light and in dark. */
export async function isAccessible({ page }: Guest): Promise<void> {
  for (const colorScheme of ['light', 'dark'] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
    await drawn(page);
    const { violations } = await new AxeBuilder({ page }).withTags(WCAG).analyze();
    const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join('\n  ')}`);
    expect(found, `axe on ${page.url()}, ${colorScheme}`).toEqual([]);
  }
}

export { expect };
