import type { BrowserContext } from '@playwright/test';
import type { Tab } from '../support/tab.ts';
import { expect, test } from '../support/test.ts';
import { launchWpe } from '../support/wpe.ts';

/** Browsers that are too old: the wall screen works all the same, and other pages say so. */

/**
 * Takes away what Chromium 68 lacks and a script can remove, but `globalThis`, which Playwright needs. Styles stay; the
 * style sheet of the build has a test of its own.
 */
async function isFrom2018(context: BrowserContext): Promise<void> {
  await context.addInitScript(() => {
    const gone: [object, string[]][] = [
      [Array.prototype, 'at findLast findLastIndex flat flatMap toReversed toSorted toSpliced with'.split(' ')],
      [String.prototype, 'at isWellFormed matchAll replaceAll toWellFormed trimEnd trimStart'.split(' ')],
      [Object, 'fromEntries groupBy hasOwn'.split(' ')],
      [Promise, 'allSettled any try withResolvers'.split(' ')],
      [Intl, 'DisplayNames DurationFormat ListFormat Locale RelativeTimeFormat Segmenter'.split(' ')],
      [Element.prototype, 'checkVisibility getHTML moveBefore replaceChildren setHTMLUnsafe'.split(' ')],
      [HTMLElement.prototype, 'inert popover showPopover'.split(' ')],
      [HTMLScriptElement, ['supports']],
      [AbortSignal, 'abort any timeout'.split(' ')],
      [Navigator.prototype, 'locks userActivation wakeLock'.split(' ')],
      [crypto.constructor.prototype, ['randomUUID']],
      [window, 'FinalizationRegistry Iterator OffscreenCanvas WeakRef queueMicrotask structuredClone'.split(' ')],
    ];
    for (const [object, names] of gone) for (const name of names) Reflect.deleteProperty(object, name);
    const supports = CSS.supports.bind(CSS);
    CSS.supports = (...words: [string, string?]) =>
      !/color-mix|:has|light-dark/.test(words.join(' ')) && supports(...(words as [string]));
  });
}

test('the wall screen of 2018 shows the room, and other pages say that the browser is too old', async ({ guest }) => {
  const ada = await guest('Ada');
  const code = await ada.pausedRoom();
  await ada.add('Harbour Lamps');

  const television = await guest('Television', { locale: 'pl-PL' });
  await isFrom2018(television.context);
  await television.page.goto('/');
  await expect(television.get('too-old')).toContainText('Ta przeglądarka jest za stara dla Tutti');
  await expect(television.get('too-old')).toContainText('Chrome 111, Edge 111, Firefox 121, Safari 16.4');
  await expect(television.page.locator('html')).toHaveAttribute('lang', 'pl');

  await television.page.goto(`/r/${code}`);
  await television.get('too-old').getByRole('link').click();
  await television.page.waitForURL(`**/r/${code}/screen`);
  await ada.approveScreen(await television.get('pairing-code').innerText());
  await television.nowPlaying('First Light');
  await expect(television.get('room-code')).toHaveText(code);
  await expect(television.get('upcoming-entry').getByTestId('entry-title')).toHaveText(['Harbour Lamps']);
  await expect(television.page.getByRole('heading', { name: 'Następne' })).toBeVisible();
  await ada.get('skip').click();
  await television.nowPlaying('Harbour Lamps');
});

test('a television with WebKit from 2022 shows the room', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const code = await ada.pausedRoom();
  const television = await launchWpe();
  try {
    const { tab } = television;
    const shown = (testId: string) => textOf(tab, testId);
    await tab.goto(server.url);
    await expect.poll(() => shown('too-old')).toContain('This browser is too old');
    await tab.goto(`${server.url}/r/${code}/screen`);
    await expect.poll(() => shown('pairing-code')).not.toBe('');
    await ada.approveScreen(await shown('pairing-code'));
    await expect.poll(() => shown('track-title')).toBe('First Light');
    await ada.add('Harbour Lamps');
    await expect.poll(() => shown('entry-title')).toBe('Harbour Lamps');
    expect(await shown('room-code')).toBe(code);
  } finally {
    await television.close();
  }
});

/** What the first such element says. */
function textOf(tab: Tab, testId: string): Promise<string> {
  return tab.evaluate((id) => document.querySelector(`[data-testid="${id}"]`)?.textContent.trim() ?? '', testId);
}
