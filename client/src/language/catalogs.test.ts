import { getCatalogs } from '@lingui/cli/api';
import { getConfig } from '@lingui/conf';
import { compileMessage } from '@lingui/message-utils/compileMessage';
import { describe, expect, it } from 'vitest';
import { languages } from './languages';

/** A message, parsed: texts, and arrays of a placeholder's name, format and cases. */
type Part = string | [name: string, format?: string, cases?: Record<string, Part | Part[]>];

const catalogs = await getCatalogs(getConfig({ cwd: process.cwd() }));
const sources = await Promise.all(catalogs.map(async (catalog) => [catalog, await catalog.collect()] as const));

describe.each([...languages])('the texts in %s', (language) => {
  it('are those of the source: run `npm run extract`, then translate what is empty', async () => {
    for (const [catalog, source] of sources) {
      const texts = (await catalog.read(language)) ?? {};
      expect(Object.keys(texts).sort()).toEqual(Object.keys(source ?? {}).sort());
      const untranslated = Object.values(texts).filter(({ translation }) => !translation);
      expect(untranslated.map(({ message }) => message)).toEqual([]);
    }
  });

  it('use the placeholders of the source', async () => {
    for (const [catalog, source] of sources) {
      const texts = (await catalog.read(language)) ?? {};
      for (const [id, { message }] of Object.entries(source ?? {})) {
        const translation = texts[id]?.translation;
        if (!translation) continue;
        expect([translation, placeholders(translation)]).toEqual([translation, placeholders(message ?? '')]);
      }
    }
  });

  it('have a form for every number', async () => {
    for (const [catalog] of sources) {
      for (const { translation } of Object.values((await catalog.read(language)) ?? {})) {
        for (const [format, forms] of numberForms(translation ?? '')) {
          // One wording for all numbers is fine.
          if (forms.join() !== 'other')
            expect([translation, forms]).toEqual([translation, expect.arrayContaining(formsOf(language, format))]);
        }
      }
    }
  });
});

/** Formats of numbers and the forms that a message has for them. */
function numberForms(message: string): [string, string[]][] {
  return placeholdersOf(parse(message)).flatMap(([, format, cases]) =>
    format === 'plural' || format === 'selectordinal'
      ? [[format, Object.keys(cases ?? {}).filter((form) => form !== 'offset')] as [string, string[]]]
      : [],
  );
}

/** The forms that a language has for numbers that people see. */
function formsOf(language: string, format: string): string[] {
  const rules = new Intl.PluralRules(language, { type: format === 'plural' ? 'cardinal' : 'ordinal' });
  return [...new Set(Array.from({ length: 200 }, (_, number) => rules.select(number)))];
}

function placeholders(message: string): string[] {
  return [...new Set(placeholdersOf(parse(message)).map(([name]) => name))].sort();
}

function placeholdersOf(parts: Part[]): Exclude<Part, string>[] {
  return parts.flatMap((part) => {
    if (typeof part === 'string') return [];
    const cases = Object.values(part[2] ?? {}).flatMap((inner) =>
      placeholdersOf(Array.isArray(inner) ? (inner as Part[]) : []),
    );
    return [part, ...cases];
  });
}

function parse(message: string): Part[] {
  const parsed: unknown = compileMessage(message);
  return (Array.isArray(parsed) ? parsed : [parsed]) as Part[];
}
