import { defineConfig } from '@lingui/conf';
import { formatter } from '@lingui/format-po';
import { languages } from './src/language/languages.ts';

/** What the first pages show; the rest of a language is loaded while they are read. */
const start = ['access', 'common', 'failures'].map((name) => `<rootDir>/src/text/${name}.ts`);

export default defineConfig({
  sourceLocale: 'en',
  locales: [...languages],
  catalogs: [
    { path: '<rootDir>/src/language/catalogs/{locale}/start', include: start },
    {
      path: '<rootDir>/src/language/catalogs/{locale}/rest',
      include: ['<rootDir>/src/text'],
      exclude: [...start, '**/*.test.ts'],
    },
  ],
  format: formatter({ lineNumbers: false }),
  orderBy: 'origin',
  // As the macros' files import it.
  runtimeConfigModule: { i18n: ['../language/i18n', 'i18n'] },
});
