import type { Page } from '@playwright/test';
import { type Guest, LAPTOP, PHONE } from '../support/guest.ts';
import { expect, settled, test } from '../support/test.ts';

test.describe('a browser in German', () => {
  test.use({ locale: 'de-AT' });

  test('shows German, until another language is chosen on the device', async ({ guest }) => {
    const ada = await guest('Ada');
    await ada.page.goto('/');
    await expect(ada.page.locator('html')).toHaveAttribute('lang', 'de');
    await expect(ada.get('join')).toHaveText('Beitreten');

    await ada.page.goto('/me');
    await ada.get('language').selectOption('ja');
    await expect(ada.page.locator('html')).toHaveAttribute('lang', 'ja');
    await ada.page.goto('/');
    await expect(ada.get('join')).toHaveText('参加');

    await ada.page.goto('/me');
    await ada.get('language').selectOption('auto');
    await expect(ada.page.locator('html')).toHaveAttribute('lang', 'de');
  });
});

for (const pseudoLocale of ['long', 'rtl'] as const) {
  test.describe(`in a ${pseudoLocale} language`, () => {
    test.use({ pseudoLocale });

    test('every page fits its window', async ({ guest }) => {
      const ada = await guest('Ada');
      const ben = await guest('Ben', { viewport: PHONE });
      await ada.page.goto('/');
      await expect(ada.get('start-room')).toBeVisible();
      await fits(ada);
      await ada.page.goto('/me');
      await expect(ada.get('my-name')).toBeVisible();
      await fits(ada);
      const code = await ada.pausedRoom();
      await ada.add('Slow Orbit');
      await fits(ada);
      await ben.join(code);
      await ben.isJoined();
      for (const view of ['now', 'add', 'next', 'room']) {
        await ben.get(`view-${view}`).click();
        await fits(ben, [PHONE]);
      }
      for (const tab of ['people', 'door', 'sound', 'order', 'limits', 'rights', 'fallback', 'log'] as const) {
        await ada.openConsole(tab);
        await fits(ada);
      }
    });
  });
}

/** Nothing is wider than the window, and no control cuts its words. */
async function fits({ page }: Guest, sizes = [PHONE, LAPTOP]): Promise<void> {
  // The drawing of the start page moves.
  await page.emulateMedia({ reducedMotion: 'reduce' });
  for (const size of sizes) {
    await page.setViewportSize(size);
    await settled(page);
    expect(await overflowing(page), `${page.url()} at ${size.width} px`).toEqual([]);
  }
}

function overflowing(page: Page): Promise<string[]> {
  return page.evaluate(() => {
    const wide = document.documentElement.scrollWidth > innerWidth ? ['the page'] : [];
    const controls = [...document.querySelectorAll<HTMLElement>('button, a, label, legend, h1, h2, h3')].filter(
      (control) => {
        const { clipPath, textOverflow } = getComputedStyle(control);
        const hidden = control.parentElement?.closest('.visually-hidden') ?? null;
        return control.checkVisibility() && clipPath === 'none' && hidden === null && textOverflow !== 'ellipsis';
      },
    );
    const cut = controls.filter(({ scrollWidth, clientWidth }) => clientWidth > 0 && scrollWidth > clientWidth + 1);
    return [...wide, ...cut.map(({ outerHTML }) => outerHTML.slice(0, 200))];
  });
}
