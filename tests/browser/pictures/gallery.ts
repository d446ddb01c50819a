import { mkdir } from 'node:fs/promises';
import { type Guest, PHONE } from '../support/guest.ts';
import type { PseudoLocale } from '../support/pseudo-locale.ts';
import { INVITES } from '../support/server.ts';
import { checkUntil, continueAs, test as testWithSpotify } from '../support/spotify.ts';
import { expect, settled, test as withAnyAddress } from '../support/test.ts';
import { WireGuest } from '../support/wire.ts';

/** `en`, another language of the pages, or a pseudo-locale. */
const LANGUAGE = process.env.GALLERY_LANGUAGE ?? 'en';
const pseudoLocale: PseudoLocale | null = LANGUAGE === 'long' || LANGUAGE === 'rtl' ? LANGUAGE : null;
const appearance = { locale: pseudoLocale === null ? LANGUAGE : 'en', pseudoLocale };
/** Its invitations show an address that phones reach. */
const test = withAnyAddress.extend({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures here.
  settings: async ({}, use) => use(INVITES),
});
// For the stories about Spotify, too.
test.use(appearance);

/**
 * Screenshots of every page in every width and colour scheme, for review: `npm run gallery`, then `output/gallery/`.
 * `GALLERY_LANGUAGE=de`, `long` (German lengths) or `rtl` (Arabic direction) shows another language.
 */
const HEIGHTS: Record<number, number> = { 360: 740, 820: 1180, 1440: 900, 1920: 1080 };
const WIDTHS = Object.keys(HEIGHTS).map(Number);
const PHONE_WIDTHS = [PHONE.width];
const LAPTOP_WIDTHS = WIDTHS.filter((width) => width > PHONE.width);
/** Pages captured as one viewport instead of full height. */
const ONE_SCREENFUL = /^(screen|entry|switcher|console|room|guest)/;

async function show({ page }: Guest, name: string, widths: readonly number[] = WIDTHS): Promise<void> {
  await mkdir(`output/gallery/${LANGUAGE}`, { recursive: true });
  const before = page.viewportSize();
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of widths) {
      await page.setViewportSize({ width, height: HEIGHTS[width]! });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await settled(page);
      const fullPage = !ONE_SCREENFUL.test(name);
      await page.screenshot({
        path: `output/gallery/${LANGUAGE}/${name}-${width}-${colorScheme}.png`,
        fullPage,
        scale: 'css',
      });
    }
  }
  if (before !== null) await page.setViewportSize(before);
}

/** A room with each view of a phone. */
async function showViews(guest: Guest, name: string): Promise<void> {
  await guest.get('view-now').click();
  await show(guest, name);
  for (const view of ['add', 'next', 'room']) {
    await guest.get(`view-${view}`).click();
    await show(guest, `${name}-${view}`, PHONE_WIDTHS);
  }
  await guest.get('view-next').click();
  await guest.get('view-own-queue').click();
  await show(guest, `${name}-mine`, PHONE_WIDTHS);
  await guest.get('view-all-queues').click();
}

/** Hides toasts, which would cover the page. */
async function showCalm(guest: Guest, name: string): Promise<void> {
  const toast = guest.get('toast');
  while ((await toast.count()) > 0) await toast.click();
  await expect(guest.get('toast')).toHaveCount(0);
  await show(guest, name);
}

test('every page', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const wall = await guest('Wall');
  await ada.page.goto('/');
  await expect(ada.get('start-room')).toBeVisible();
  await show(ada, 'landing');
  await ada.page.goto('/me');
  await expect(ada.get('my-name')).toBeVisible();
  await show(ada, 'me');
  const code = await ada.startRoom({ title: 'Kitchen party' });
  await show(ada, 'room-empty');
  await ben.page.goto(`/r/${code}`);
  await expect(ben.get('join')).toBeVisible();
  await show(ben, 'join');
  await ben.join(code);
  await ben.isJoined();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
  for (const title of ['Copper Kettle', 'First Light']) await ben.add(title);
  await expect(ada.get('upcoming-entry')).toHaveCount(4);
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveCount(2);
  await ada.playHere();
  // The tracks are short.
  await ada.seekTo(9_000);
  await ada.get('pause').click();
  await ada.playbackIs('paused');
  await show(ada, 'room-host');
  await showViews(ben, 'room-guest');
  await ben.get('upcoming-entry').first().locator('summary').click();
  await show(ben, 'room-guest-reason', PHONE_WIDTHS);
  await ada.get('view-people').click();
  await show(ada, 'room-host-people', LAPTOP_WIDTHS);
  await ada.get('view-chat').click();
  await show(ada, 'room-host-chat', LAPTOP_WIDTHS);
  await ada.get('invite-open').click();
  await show(ada, 'room-invite');
  await ada.get('invite-close').click();
  await wall.page.goto('/screen');
  await expect(wall.get('pairing-code')).toBeVisible();
  await show(wall, 'screen-code');
  await ada.get('screen-open').click();
  await show(ada, 'room-screen');
  await ada.page.keyboard.press('Escape');
  await ada.showOn(wall, code);
  await wall.nowPlaying('Slow Orbit');
  await show(wall, 'screen');
  await ada.kick('Ben');
  await expect(ben.get('notice-title')).toBeVisible();
  await show(ben, 'kicked');
  ben.expectConsoleErrors(/status of 404/);
  await ben.page.goto('/r/ZZZZZZ');
  await expect(ben.get('notice-title')).toBeVisible();
  await show(ben, 'not-found');
  for (const person of [ada, ben, wall]) person.expectNoNetwork();
  await server.stop();
  await ada.connectionIs('reconnecting');
  await ada.get('add-track').first().click();
  await show(ada, 'reconnecting');
});

testWithSpotify('members, login and profile', async ({ guest, spotify }) => {
  const ada = await guest('Ada');
  const ana = await guest('Ana');
  const cleo = await guest('Cleo');

  await ada.page.goto('/');
  await ada.get('login-open').click();
  await expect(ada.get('entry')).toBeVisible();
  await showCalm(ada, 'entry');
  const code = await ada.startRoom({ title: 'Kitchen party' });
  await ada.page.goto('/me');
  await expect(ada.get('spotify-panel')).toHaveAttribute('data-state', 'not_linked');
  await expect(ada.get('session')).toHaveCount(1);
  await showCalm(ada, 'me-guest');
  await ada.get('spotify-continue').click();
  await ada.get('cancel').click();
  await expect(ada.get('spotify-notice')).toBeVisible();
  await expect(ada.get('spotify-panel')).toHaveAttribute('data-state', 'not_linked');
  await showCalm(ada, 'me-denied');

  await ana.page.goto('/me');
  await ana.get('my-name').fill('Ana');
  await ana.get('username').fill('ana');
  await ana.get('password').fill('long enough it is');
  await ana.get('register').click();
  await expect(ana.get('who')).toContainText('ana');
  await continueAs(ana, 'ana');
  await expect(ana.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
  await ana.get('delete-me').click();
  await showCalm(ana, 'me-linked');

  await ana.page.goto(`/r/${code}`);
  await ana.isJoined();
  await ana.openSwitcher();
  await ana.get('add-person').click();
  await expect(ana.get('entry')).toBeVisible();
  await showCalm(ana, 'entry-beside');
  await ana.get('entry-name').fill('Bartholomew of the Long Name');
  await ana.get('continue-as-guest').click();
  await expect(ana.get('switcher')).toContainText('Bartholomew');
  await ana.add('Slow Orbit');
  await ana.openSwitcher();
  await expect(ana.get('switch-to-1')).toBeVisible();
  await showCalm(ana, 'switcher');
  await ana.page.goto('/');
  await expect(ana.get('start-room')).toBeVisible();
  await showCalm(ana, 'landing-people');
  await ana.openSwitcher();
  await expect(ana.get('switch-to-1')).toBeVisible();
  await showCalm(ana, 'switcher-landing');
  await ana.get('switch-to-0').click();
  await expect(ana.get('guest-name')).toHaveValue('Ana');
  await ana.page.goto('/me');
  await expect(ana.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
  await spotify.revoke('ana');
  await checkUntil(ana, 'spotify-panel', 'data-state', 'needs_login');
  await showCalm(ana, 'me-needs-login');

  await spotify.turn({ product: true });
  await cleo.page.goto('/me');
  await continueAs(cleo, 'cleo');
  await expect(cleo.get('spotify-verdict')).toHaveAttribute('data-verdict', 'not_premium');
  await showCalm(cleo, 'me-not-premium');
});

test('a hosted room: console, lobby, votes, waitlist, chat', async ({ guest, server }) => {
  test.setTimeout(600_000);
  const ada = await guest('Ada');
  const ben = await guest('Bartholomew', { viewport: PHONE });
  const eve = await guest('Eve', { viewport: PHONE });
  const code = await ada.startRoom({ title: 'Kitchen party' });
  for (const title of ['First Light', 'Slow Orbit', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
  await ada.get('pause').click();
  await ben.join(code);
  await ben.isJoined();
  for (const title of ['Copper Kettle', 'First Light']) await ben.add(title);
  const cai = await WireGuest.of(server.url, 'Cai');
  await cai.enter(code);
  await cai.does({ name: 'vote_skip' });
  await cai.does({ name: 'say', text: 'Who is bringing the cake?' });
  await ben.looksAt(ben.get('vote-skip'));
  await show(ben, 'guest-skip-vote');

  await ada.manage('Bartholomew');
  await show(ada, 'console-people');
  await ada.get('exceptions').locator('summary').click();
  await ada.get('exception-queue').scrollIntoViewIfNeeded();
  await show(ada, 'console-exceptions');
  await ada.openConsole('door');
  await ada.get('admission-lobby').check();
  await eve.join(code);
  await expect(eve.get('waiting-room')).toBeVisible();
  await show(eve, 'waiting');
  await expect(ada.get('lobby-person')).toHaveCount(1);
  await show(ada, 'console-door');
  await ada.openConsole('order');
  await ada.get('policy-fifo').check();
  await expect(ada.get('preview')).toHaveAttribute('data-state', 'known');
  await show(ada, 'console-order');
  await ada.get('policy-host').check();
  await ada.get('apply-policy').click();
  await expect(ada.get('lineup-entry')).toHaveCount(5);
  await show(ada, 'console-lineup');
  await ada.openConsole('limits');
  await show(ada, 'console-limits');
  await ada.get('setting-suggestions').check();
  await ada.get('setting-players_max').fill('1');
  await ada.get('apply-limits').click();
  await ben.add('Harbour Lamps');
  await expect(ben.get('suggestion')).toHaveCount(1);
  await ada.openConsole('suggestions');
  await expect(ada.get('suggestion-waiting')).toHaveCount(1);
  await show(ada, 'console-suggestions');
  await ada.openConsole('rights');
  await show(ada, 'console-rights');
  await ada.openConsole('fallback');
  await show(ada, 'console-fallback');
  await ada.openConsole('log');
  await expect(ada.get('audit-entry').first()).toBeVisible();
  await show(ada, 'console-log');
  await ada.openConsole('order');
  await ada.get('policy-votes').check();
  await ada.get('apply-policy').click();
  await ada.closeConsole();
  await showCalm(ada, 'room-run');
  await ben.looksAt(ben.get('line-place'));
  await showCalm(ben, 'guest-in-line');
  await ben.get('history-open').click();
  await showCalm(ben, 'history');
});

test('a room that waits for a listener', async ({ guest }) => {
  const ada = await guest('Ada');
  const code = await ada.startRoom({ title: 'Kitchen party', waits: true });
  await ada.add('First Light');
  await ada.add('Harbour Lamps');
  await ada.playbackIs('waiting');
  await showCalm(ada, 'room-waiting');
  await ada.page.setViewportSize(PHONE);
  await ada.get('view-add').click();
  await show(ada, 'room-waiting-add', PHONE_WIDTHS);
  await ada.page.goto(`/r/${code}/screen`);
  await expect(ada.get('screen-waits')).toBeVisible();
  await show(ada, 'screen-waiting');
});
