import type { Locator } from '@playwright/test';
import { type Guest, PHONE } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ settings: INVITES });

const SMALL_LAPTOP = { width: 1366, height: 768 };
const SMALL_PHONE = { width: 360, height: 560 };
const ON_A_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true };

/** Nothing has to be scrolled, and nothing lies over it. */
async function isInReach(locator: Locator): Promise<void> {
  await expect(locator).toBeInViewport({ ratio: 1 });
  const isOnTop = await locator.evaluate((element) => {
    const { x, y, width, height } = element.getBoundingClientRect();
    return element.contains(document.elementFromPoint(x + width / 2, y + height / 2));
  });
  expect(isOnTop).toBe(true);
}

async function doesNotScroll({ page }: Guest): Promise<void> {
  const room = await page.evaluate(() => {
    const { scrollHeight, clientHeight, scrollWidth, clientWidth } = document.documentElement;
    return { down: scrollHeight - clientHeight, across: scrollWidth - clientWidth };
  });
  expect(room).toEqual({ down: 0, across: 0 });
}

const scrolledBy = (guest: Guest, view: string) =>
  guest.page.locator(`#${view}`).evaluate(({ scrollTop }) => scrollTop);

test('the tabs of a phone are views that keep their scroll positions, and Back leads to the first', async ({
  guest,
}) => {
  const ada = await guest('Ada', { ...ON_A_PHONE, viewport: SMALL_PHONE });
  const code = await ada.startRoom();
  for (const title of ['First Light', 'Slow Orbit', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
  await expect(ada.get('view-add')).toHaveAttribute('aria-current', 'page');
  await expect(ada.get('search')).toBeVisible();
  await expect(ada.get('upcoming-entry').first()).toBeHidden();

  await ada.page.locator('#add').evaluate((view) => view.scrollTo(0, 60));
  await expect.poll(() => scrolledBy(ada, 'add')).toBe(60);
  await isInReach(ada.get('search'));
  await ada.get('view-next').click();
  await expect(ada.get('upcoming-entry')).toHaveCount(3);
  await expect(ada.get('upcoming-entry').first()).toBeVisible();
  await expect(ada.get('search')).toBeHidden();
  expect(await scrolledBy(ada, 'next')).toBe(0);
  await ada.get('view-add').click();
  expect(await scrolledBy(ada, 'add')).toBe(60);
  await doesNotScroll(ada);

  await ada.page.goBack();
  await expect(ada.get('view-now')).toHaveAttribute('aria-current', 'page');
  await isInReach(ada.get('pause'));
  await expect(ada.page).toHaveURL(new RegExp(`/r/${code}$`));
});

test('a mini-player shows what plays on every other view', async ({ guest }) => {
  const ada = await guest('Ada', ON_A_PHONE);
  await ada.startRoom();
  await ada.add('First Light');
  await expect(ada.get('mini-player')).toContainText('First Light');
  await ada.get('mini-play-here').click();
  await ada.hearsMusic();
  await expect(ada.get('mini-player')).toContainText('Playing here');
  await ada.add('Slow Orbit');
  await ada.get('mini-skip').click();
  await ada.nowPlaying('Slow Orbit');
  await ada.get('mini-open').click();
  await expect(ada.get('mini-player')).toHaveCount(0);
  await expect(ada.get('now-playing')).toBeVisible();
});

test('on a laptop the parts scroll by themselves, and the controls are in reach', async ({ guest }) => {
  const ada = await guest('Ada', { viewport: SMALL_LAPTOP });
  await ada.startRoom();

  await test.step('an empty room offers three tracks and the QR', async () => {
    await doesNotScroll(ada);
    await expect(ada.get('starter')).toHaveCount(3);
    for (const starter of await ada.get('starter').all()) await isInReach(starter);
    await isInReach(ada.get('qr'));
    await ada.get('starter').first().click();
    await ada.playbackIs('playing');
  });

  await test.step('a room with a long queue', async () => {
    for (const album of [1, 2, 3]) {
      await ada.get('browse-albums').click();
      await ada.get('browse-item').first().click();
      await ada.get('add-all').click();
      await expect(ada.get('upcoming-entry')).toHaveCount(album * 7);
    }
    await doesNotScroll(ada);
    for (const control of ['pause', 'skip', 'progress', 'play-here', 'search', 'invite-open', 'host-console-open']) {
      await isInReach(ada.get(control));
    }
    await ada.get('upcoming-entry').last().scrollIntoViewIfNeeded();
    await isInReach(ada.get('pause'));
  });

  await test.step('the invitation opens from the header', async () => {
    await ada.get('invite-open').click();
    await isInReach(ada.get('qr'));
    await isInReach(ada.get('copy-link'));
  });
});

test('the device that starts a room plays its music, unless it is only a remote', async ({ guest }) => {
  const ada = await guest('Ada', { blockAutoplay: true });
  await ada.startRoom({ plays: true });
  await ada.get('starter').first().click();
  await ada.hearsMusic();

  const ben = await guest('Ben');
  await ben.startRoom({ waits: true });
  await expect(ben.get('play-here')).toHaveText('Play here');
});

test('the title of the page names the track that plays', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.startRoom({ title: 'Kitchen party' });
  await expect(ada.page).toHaveTitle('Kitchen party · Tutti');
  await ada.add('First Light');
  await expect(ada.page).toHaveTitle('First Light · Kitchen party · Tutti');
  await ada.page.goto('/');
  await expect(ada.page).toHaveTitle('Tutti');
});

test('the page takes its colours from the cover', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.startRoom();
  const accent = () => ada.page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent'));
  const usual = await accent();
  await ada.add('First Light');
  await expect.poll(accent).not.toBe(usual);
});
