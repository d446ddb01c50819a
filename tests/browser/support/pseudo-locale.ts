import type { BrowserContext } from '@playwright/test';

/** `long`: accents and 40 % more letters, as in German. `rtl`: laid out from right to left, as in Arabic. */
export type PseudoLocale = 'long' | 'rtl';

/** A compiled message: texts, and placeholders with their cases. */
type Part = string | [name: string, format?: string, cases?: Record<string, Part[]>];

const ACCENTS: Record<string, string> = { a: 'å', e: 'é', i: 'ï', o: 'ö', u: 'ü', A: 'Å', E: 'É', O: 'Ö', U: 'Ü' };
/** Changes every page, whatever its language; names and titles stay. */
export async function installPseudoLocale(context: BrowserContext, locale: PseudoLocale): Promise<void> {
  if (locale === 'rtl') {
    await context.addInitScript(() => {
      document.addEventListener('readystatechange', () => {
        document.documentElement.dir = 'rtl';
      });
    });
    return;
  }
  await context.route(/\/assets\/(start|rest)-[^/]+\.js$/, async (route) => {
    const response = await route.fetch();
    const body = (await response.text()).replace(/JSON\.parse\(`((?:[^`\\]|\\.)*)`\)/s, (_, literal: string) => {
      const json: string = new Function(`return \`${literal}\``)();
      const messages = JSON.parse(json) as Record<string, Part[]>;
      const replaced = Object.entries(messages).map(([id, parts]) => [id, parts.map(lengthenedPart)]);
      return JSON.stringify(Object.fromEntries(replaced));
    });
    await route.fulfill({ response, body });
  });
}

function lengthenedPart(part: Part): Part {
  if (typeof part === 'string') return lengthened(part);
  const [name, format, cases] = part;
  if (format === undefined || cases === undefined) return part;
  // The number itself stays.
  const inCase = (inner: Part) => (inner === '#' ? inner : lengthenedPart(inner));
  return [name, format, Object.fromEntries(Object.entries(cases).map(([key, parts]) => [key, parts.map(inCase)]))];
}

function lengthened(text: string): string {
  let letters = 0;
  return text.replace(/\p{L}/gu, (letter) => {
    const accented = ACCENTS[letter] ?? letter;
    letters += 2;
    if (letters < 5) return accented;
    letters -= 5;
    return accented + accented.toLowerCase();
  });
}
