import type { BrowserContext, CDPSession, Page } from '@playwright/test';

/** Measures what pages cost, with the DevTools protocol. */

/**
 * Times are limits of a quiet machine (`npm run budgets`). Otherwise they are three times as long: CI has two cores, which
 * also run a server without optimisation.
 */
export const IS_QUIET = process.env.QUIET === '1';
const SLACK = IS_QUIET ? 1 : 3;

export function seconds(budget: number): number {
  return ms(budget * 1000);
}

export function ms(budget: number): number {
  return budget * SLACK;
}

/** As Lighthouse's "slow 4G": 150 ms there and back, 1.6 Mbit/s down, 750 kbit/s up. */
const SLOW_4G = {
  offline: false,
  latency: 150,
  downloadThroughput: 1_638_400 / 8,
  uploadThroughput: 750_000 / 8,
};
/** How many times slower a phone of the middle class is than this machine. */
export const PHONE_SLOWDOWN = 4;

/** A slow network and a slow processor, and nothing in the browser's cache. */
export async function likeAPhone(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Network.clearBrowserCache');
  await devtools.send('Network.emulateNetworkConditions', SLOW_4G);
  await devtools.send('Emulation.setCPUThrottlingRate', { rate: PHONE_SLOWDOWN });
}

/** Bytes of JavaScript that a page has fetched: compressed, without headers. */
export function scriptBytes(page: Page): Promise<number> {
  return page.evaluate(() =>
    performance
      .getEntriesByType('resource')
      .filter(({ name }) => new URL(name).pathname.endsWith('.js'))
      .reduce((sum, entry) => sum + (entry as PerformanceResourceTiming).encodedBodySize, 0),
  );
}

export interface Vitals {
  /** When the largest content was painted, after the navigation. */
  lcpMs: number;
  /** What that was. */
  largest: string;
  /** The time beyond 50 ms of every long task after the first paint. */
  blockingMs: number;
  /** Cumulative layout shift. */
  shift: number;
}

declare global {
  interface Window {
    tuttiVitals: () => Vitals;
  }
}

/** Records the vitals of every page from its start. */
export async function recordVitals(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const vitals = { lcpMs: 0, largest: '', blockingMs: 0, shift: 0 };
    const observe = (type: string, add: (entry: PerformanceEntry & Record<string, unknown>) => void) =>
      new PerformanceObserver((list) => {
        for (const entry of list.getEntries()) add(entry as PerformanceEntry & Record<string, unknown>);
      }).observe({ type, buffered: true });
    observe('largest-contentful-paint', ({ startTime, element }) => {
      vitals.lcpMs = startTime;
      vitals.largest = (element as Element | null)?.localName ?? '';
    });
    observe('longtask', ({ startTime, duration }) => {
      const paint = performance.getEntriesByName('first-contentful-paint')[0];
      if (paint !== undefined && startTime + duration > paint.startTime)
        vitals.blockingMs += Math.max(0, duration - 50);
    });
    observe('layout-shift', ({ value, hadRecentInput }) => {
      if (hadRecentInput !== true) vitals.shift += Number(value);
    });
    window.tuttiVitals = () => vitals;
  });
}

/** The share of one core that the page's main thread uses in a window of time. */
export async function mainThreadShare(page: Page, windowMs: number): Promise<number> {
  const devtools = await page.context().newCDPSession(page);
  // The time that the thread ran, which other programs do not change.
  await devtools.send('Performance.enable', { timeDomain: 'threadTicks' });
  const before = await taskSeconds(devtools);
  const from = await page.evaluate(() => performance.now());
  await page.waitForFunction((until) => performance.now() > until, from + windowMs, { polling: windowMs });
  const used = (await taskSeconds(devtools)) - before;
  return (used * 1000) / windowMs;
}

async function taskSeconds(devtools: CDPSession): Promise<number> {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? 0;
}
