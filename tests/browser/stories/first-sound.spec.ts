import type { Locator } from '@playwright/test';
import { seconds } from '../support/budget.ts';
import { type Guest, hearTogether, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

/** How many taps and seconds there are between opening Tutti and hearing music, with autoplay blocked. Prints both. */

const ON_A_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true, blockAutoplay: true };

/** Counts taps; typing a name, and the tap into its field, are not counted. */
class Thumb {
  taps = 0;

  async tap(target: Locator): Promise<void> {
    this.taps += 1;
    await target.tap();
  }
}

async function hears(guest: Guest): Promise<void> {
  await expect.poll(async () => (await guest.heard()).loudness, { intervals: [50] }).toBeGreaterThan(0.001);
}

const print = (what: string, taps: number, ms: number) =>
  console.log(`first sound: ${what}: ${taps} taps, ${(ms / 1000).toFixed(1)} s`);

test('a host hears music two taps after the name, a guest adds a song with two, and a reload costs one', async ({
  guest,
}) => {
  const ada = await guest('Ada', ON_A_PHONE);
  const ben = await guest('Ben', ON_A_PHONE);

  await test.step('a host opens the start page, starts a room and picks a track', async () => {
    const thumb = new Thumb();
    const from = Date.now();
    await ada.page.goto('/');
    await ada.page.getByTestId('guest-name').fill('Ada');
    await thumb.tap(ada.page.getByTestId('start-room'));
    await thumb.tap(ada.page.getByTestId('starter').first());
    await hears(ada);
    const ms = Date.now() - from;
    print('a host, from the start page', thumb.taps, ms);
    expect(thumb.taps).toBeLessThanOrEqual(2);
    expect(ms).toBeLessThan(seconds(5));
  });
  const { pathname } = new URL(ada.page.url());

  await test.step('a guest scans the code, joins and adds a song', async () => {
    const thumb = new Thumb();
    const from = Date.now();
    await ben.page.goto(pathname);
    await ben.page.getByTestId('guest-name').fill('Ben');
    await thumb.tap(ben.page.getByTestId('join'));
    await ben.isJoined();
    expect(thumb.taps).toBe(1);
    await thumb.tap(ben.page.getByTestId('view-add'));
    await thumb.tap(ben.result('Slow Orbit').getByTestId('add-track'));
    await expect(ben.result('Slow Orbit').getByTestId('track-added')).toBeVisible();
    print('a guest, from the link to a song in the queue', thumb.taps, Date.now() - from);
    expect(thumb.taps).toBe(3);
  });

  await test.step('after a reload, the first tap anywhere brings the sound back', async () => {
    // Tracks are short.
    for (const title of ['Harbour Lamps', 'First Light', 'Rain on Tin']) await ada.add(title);
    await ben.playHere();
    await ben.page.reload();
    await ben.isJoined();
    await ben.hearsNothing();
    for (const sign of ['play-here', 'mini-play-here']) {
      await expect(ben.page.getByTestId(sign)).toHaveText(/Tap to play here/);
    }
    const thumb = new Thumb();
    const from = Date.now();
    await thumb.tap(ben.page.getByTestId('room-title'));
    await hears(ben);
    print('a phone, after a reload', thumb.taps, Date.now() - from);
    expect(thumb.taps).toBe(1);
    await hearTogether(ada, ben);
  });
});
