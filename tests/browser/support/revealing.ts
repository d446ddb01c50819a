import type { Locator } from '@playwright/test';

/** What a user does to an element, for which it has to be in view. */
const ACTIONS = new Set(['click', 'dblclick', 'fill', 'check', 'uncheck', 'press', 'selectOption', 'focus', 'hover']);
const NARROWINGS = new Set([
  'filter',
  'locator',
  'getByRole',
  'getByTestId',
  'getByText',
  'first',
  'last',
  'nth',
  'and',
  'or',
]);

/**
 * The same locator, but an action first opens the view, menu or disclosure that the element is in, as a user does. So
 * stories say what users do, and only stories about the layout say where. Expectations open nothing.
 */
export function revealing(locator: Locator): Locator {
  return new Proxy(locator, {
    get(target, name, receiver) {
      const member: unknown = Reflect.get(target, name, receiver);
      if (typeof member !== 'function' || typeof name !== 'string') return member;
      if (NARROWINGS.has(name)) return (...args: unknown[]) => revealing(member.apply(target, args));
      if (!ACTIONS.has(name)) return member;
      return async (...args: unknown[]) => {
        await reveal(target);
        return member.apply(target, args);
      };
    },
  });
}

/** Opens what hides the element, from the outside in. */
export async function reveal(locator: Locator): Promise<void> {
  const element = locator.first();
  for (;;) {
    const opener = await element.evaluate((found) => {
      const hides = (part: Element) =>
        // Without an id nothing opens it: the action waits, as for rows of a search that is not answered yet.
        part.matches('[hidden][id], [inert][id]') ||
        (part.matches('details:not([open])') && !part.querySelector(':scope > summary')?.contains(found));
      let outermost: Element | null = null;
      for (let part: Element | null = found; part !== null; part = part.parentElement)
        if (hides(part)) outermost = part;
      if (outermost === null) return null;
      return outermost.matches('details') ? 'details' : `[aria-controls="${outermost.id}"]`;
    });
    if (opener === null) return;
    if (opener === 'details') await element.locator('xpath=ancestor::details[not(@open)]/summary').first().click();
    else await element.page().locator(opener).click();
  }
}
