import { PHONE } from '../support/guest.ts';
import { tabTo } from '../support/keyboard.ts';
import { expect, test } from '../support/test.ts';

test('the first hour by keyboard alone', async ({ guest }) => {
  test.setTimeout(300_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const { page } = ada;
  const { keyboard } = page;
  const press = (...keys: string[]) =>
    keys.reduce((before, key) => before.then(() => keyboard.press(key)), Promise.resolve());
  const code = await test.step('a room is started', async () => {
    await page.goto('/');
    await expect(page.getByTestId('start-room')).toBeVisible();
    if (!(await page.getByTestId('guest-name').evaluate((field) => field === document.activeElement)))
      await tabTo(page, page.getByTestId('guest-name'));
    await keyboard.type('Ada');
    await tabTo(page, page.getByTestId('start-room'));
    await press('Enter');
    await ada.isJoined();
    return new URL(page.url()).pathname.split('/').at(-1)!;
  });

  await test.step('search is two keys away, and its results are next to it', async () => {
    const search = page.getByTestId('search');
    expect(await tabTo(page, page.getByTestId('skip-to-search'))).toBe(1);
    await press('Enter');
    await expect(search).toBeFocused();
    for (const title of ['First Light', 'Slow Orbit', 'Harbour Lamps', 'Rain on Tin']) {
      await keyboard.type(title.toLowerCase());
      const add = ada.result(title).getByTestId('add-track');
      const first = page.getByTestId('search-result').first();
      await expect(first).toContainText(title);
      await expect(first, 'it answers what is typed').not.toHaveAttribute('inert');
      expect(await tabTo(page, add)).toBeLessThanOrEqual(3);
      await press('Enter');
      // The same button says what became of it.
      await expect(ada.result(title).getByRole('button')).toBeFocused();
      await expect(ada.result(title).getByTestId('queued-mark')).toBeVisible();
      await tabTo(page, search, 'Shift+Tab');
      await press('ControlOrMeta+a', 'Delete');
    }
    await ada.nowPlaying('First Light');
  });

  await test.step('music is paused, and one’s own tracks are sorted', async () => {
    await tabTo(page, page.getByTestId('pause'), 'Shift+Tab');
    await press('Enter');
    await ada.playbackIs('paused');
    await tabTo(page, page.getByTestId('view-all-queues'));
    await press('ArrowRight');
    await expect(page.getByTestId('view-own-queue')).toBeFocused();
    await tabTo(page, page.getByTestId('queue-row').first().getByTestId('move-down'));
    await press('Enter', 'Enter');
    const titles = page.getByTestId('my-queue').getByTestId('entry-title');
    await expect(titles).toHaveText(['Harbour Lamps', 'Rain on Tin', 'Slow Orbit']);
    await expect(page.getByTestId('moved')).toHaveText('“Slow Orbit” is now 3 of 3.');
    await expect(page.getByTestId('queue-row').last().getByTestId('move-up')).toBeFocused();
    await press('Enter');
    await expect(titles).toHaveText(['Harbour Lamps', 'Slow Orbit', 'Rain on Tin']);
  });

  await test.step('the console changes a setting and gives the focus back', async () => {
    const opener = page.getByTestId('host-console-open');
    await tabTo(page, opener, 'Shift+Tab');
    await press('Enter');
    await expect(page.getByTestId('console-tab-people')).toBeFocused();
    await press('ArrowDown', 'ArrowDown', 'ArrowDown');
    await expect(page.getByTestId('console-tab-order')).toBeFocused();
    await tabTo(page, page.getByTestId('policy-fair'));
    await press('ArrowDown', 'ArrowDown', 'ArrowDown');
    await expect(page.getByTestId('policy-votes')).toBeChecked();
    await tabTo(page, page.getByTestId('apply-policy'));
    await press('Enter');
    await expect(page.getByTestId('apply-policy')).toHaveCount(0);
    await press('Escape');
    await expect(page.getByTestId('host-console')).toHaveCount(0);
    await expect(opener).toBeFocused();
    await expect(page.getByTestId('policy')).toHaveAttribute('data-policy', 'votes');
  });

  await test.step('on a phone with a keyboard, a guest joins and votes', async () => {
    await ben.page.goto(`/r/${code}`);
    await ben.page.getByTestId('guest-name').waitFor();
    if (!(await ben.page.getByTestId('guest-name').evaluate((field) => field === document.activeElement)))
      await tabTo(ben.page, ben.page.getByTestId('guest-name'));
    await ben.page.keyboard.type('Ben');
    await ben.page.keyboard.press('Enter');
    await ben.isJoined();
    await tabTo(ben.page, ben.page.getByTestId('skip-to-queue'));
    await ben.page.keyboard.press('Enter');
    await expect(ben.page.locator('#next')).toBeFocused();
    await tabTo(ben.page, ben.page.getByTestId('upcoming-entry').nth(2).getByTestId('vote-up'));
    await ben.page.keyboard.press('Enter');
    await ada.comingUp('Rain on Tin · You', 'Slow Orbit · You', 'Harbour Lamps · You');
    // The row has moved, and the focus with it.
    await expect(ben.page.getByTestId('upcoming-entry').first().getByTestId('vote-up')).toBeFocused();
  });

  await test.step('a track is skipped', async () => {
    await tabTo(page, page.getByTestId('skip'));
    await press('Enter');
    await ada.nowPlaying('Rain on Tin');
    await expect(page).toHaveTitle(/^Rain on Tin · /);
  });

  await test.step('a message, in which ? is a letter', async () => {
    await tabTo(page, page.getByTestId('view-add'));
    await press('ArrowRight');
    await expect(page.getByTestId('view-chat')).toBeFocused();
    await tabTo(page, page.getByTestId('say-input'));
    await keyboard.type('More cake?');
    await press('Enter');
    await expect(ben.page.getByTestId('said-text')).toHaveText('More cake?');
    await expect(page.getByTestId('keyboard-help')).toHaveCount(0);
  });

  await test.step('? lists the shortcuts, and / searches', async () => {
    await tabTo(page, page.getByTestId('view-chat'), 'Shift+Tab');
    await press('?');
    await expect(page.getByTestId('keyboard-help')).toBeVisible();
    await press('?', 'Escape');
    await expect(page.getByTestId('keyboard-help')).toHaveCount(0);
    await expect(page.getByTestId('view-chat')).toBeFocused();
    await page.evaluate(() => (document.activeElement as HTMLElement).blur());
    await press('/');
    await expect(page.getByTestId('search')).toBeFocused();
  });

  await test.step('leaving', async () => {
    await tabTo(page, page.getByTestId('switcher'), 'Shift+Tab');
    await press('Enter');
    await page.getByTestId('leave').or(page.getByTestId('to-me')).first().waitFor();
    await tabTo(page, page.getByTestId('keyboard-help-open'));
    await press('Escape');
    await expect(page.getByTestId('switcher')).toBeFocused();
    // The host stays; a guest leaves.
    await tabTo(ben.page, ben.page.getByTestId('switcher'), 'Shift+Tab');
    await ben.page.keyboard.press('Enter');
    await ben.page.getByTestId('to-me').waitFor();
    await tabTo(ben.page, ben.page.getByTestId('leave'));
    await ben.page.keyboard.press('Enter');
    await ben.page.keyboard.press('Enter');
    await expect(ben.page.getByTestId('start-room')).toBeVisible();
    await ada.sees('Ada');
  });
});
