import { likeAPhone, mainThreadShare, ms, PHONE_SLOWDOWN, recordVitals, scriptBytes } from '../support/budget.ts';
import { PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

/** What pages cost a phone, measured in a real browser. Prints every number beside its budget. */

const ON_A_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const KIB = 1024;
const SCRIPT_KIB_MAX = 40;
const LCP_MS_MAX = 1_800;
const BLOCKING_MS_MAX = 300;
const SHIFT_MAX = 0.02;
const IDLE_SHARE_MAX = 0.01;
/** Joining takes work for a while: the clock is learned in bursts. */
const SETTLING_MS = 5_000;
const IDLE_WINDOW_MS = 10_000;

function print(what: string, value: string, budget: string): void {
  console.log(`budget: ${what.padEnd(44)} ${value.padStart(10)}   at most ${budget}`);
}

test('the start page and the way into a room load little JavaScript', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const code = await ada.startRoom();
  for (const locale of ['en', 'ja', 'pl']) {
    for (const [what, path] of [
      ['start page', '/'],
      ['way into a room', `/r/${code}`],
    ] as const) {
      const visitor = await guest('Visitor', { ...ON_A_PHONE, locale, baseURL: server.url });
      await visitor.page.goto(path, { waitUntil: 'networkidle' });
      await expect(visitor.page.getByTestId('guest-name')).toBeVisible();
      const kib = (await scriptBytes(visitor.page)) / KIB;
      print(`JavaScript of the ${what}, ${locale}`, `${kib.toFixed(1)} KiB`, `${SCRIPT_KIB_MAX} KiB`);
      expect(kib).toBeLessThanOrEqual(SCRIPT_KIB_MAX);
    }
  }
});

test('a room opens soon on a slow phone, does not jump, and costs nothing while it is idle', async ({ guest }) => {
  const ada = await guest('Ada');
  const code = await ada.startRoom();
  const ben = await guest('Ben', ON_A_PHONE);
  await recordVitals(ben.context);
  await ben.join(code);
  await ben.isJoined();
  await mainThreadShare(ben.page, SETTLING_MS);
  const idle = (await mainThreadShare(ben.page, IDLE_WINDOW_MS)) * PHONE_SLOWDOWN;
  await ada.add('First Light');
  await ada.get('pause').click();
  await ada.add('Slow Orbit');
  await ada.add('Harbour Lamps');

  const again = await ben.anotherTab();
  await likeAPhone(again.page);
  await again.page.goto(`/r/${code}`);
  const cover = again.page.getByTestId('now-playing').locator('img').first();
  await expect(cover).toBeVisible();
  await again.page.waitForLoadState('networkidle');
  const vitals = await again.page.evaluate(() => window.tuttiVitals());

  print('room: largest content painted', `${Math.round(vitals.lcpMs)} ms`, `${ms(LCP_MS_MAX)} ms`);
  print('room: main thread blocked', `${Math.round(vitals.blockingMs)} ms`, `${ms(BLOCKING_MS_MAX)} ms`);
  print('room: layout shift', vitals.shift.toFixed(4), String(SHIFT_MAX));
  print('idle room: share of a phone’s core', `${(idle * 100).toFixed(2)} %`, `${IDLE_SHARE_MAX * 100} %`);
  expect(vitals.largest, 'the largest content is the cover').toBe('img');
  expect(vitals.lcpMs).toBeLessThan(ms(LCP_MS_MAX));
  expect(vitals.blockingMs).toBeLessThan(ms(BLOCKING_MS_MAX));
  expect(vitals.shift).toBeLessThanOrEqual(SHIFT_MAX);
  expect(idle).toBeLessThan(IDLE_SHARE_MAX);
});
