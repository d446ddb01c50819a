import { expect, type Locator, type Page } from '@playwright/test';

/** Presses of Tab after which a story gives up. */
const PRESSES_MAX = 60;

/** Presses a key until the element has the focus, and returns how often. Each element on the way shows that it has it. */
export async function tabTo(page: Page, target: Locator, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<number> {
  for (let presses = 1; presses <= PRESSES_MAX; presses += 1) {
    await page.keyboard.press(key);
    const shown = await page.evaluate(() => {
      const focus = document.activeElement;
      if (focus === null || focus === document.body) return 'nothing';
      // A choice is outlined as a whole.
      for (const shown of [focus, focus.closest('label')]) {
        const { outlineStyle, outlineWidth } = getComputedStyle(shown ?? focus);
        if (outlineStyle !== 'none' && Number.parseFloat(outlineWidth) >= 2) return '';
      }
      return focus.outerHTML.slice(0, 200);
    });
    expect(shown === 'nothing' ? '' : shown, 'the focus is visible').toBe('');
    if (await target.evaluate((element) => element === document.activeElement)) return presses;
  }
  throw new Error(`not reached by ${PRESSES_MAX} presses of ${key}: ${target}`);
}
