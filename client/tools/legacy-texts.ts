import { createCompiledCatalog, getCatalogs } from '@lingui/cli/api';
import { getConfig } from '@lingui/conf';
import type { Plugin } from 'vite';
import { languages } from '../src/language/languages.ts';

/** Writes one JSON file for each language, with the messages that the script mentions. */
export function legacyTexts(): Plugin {
  return {
    name: 'legacy-texts',
    apply: 'build',
    async generateBundle(_options, bundle) {
      const code = Object.values(bundle)
        .map((file) => (file.type === 'chunk' ? file.code : ''))
        .join('');
      const used = new Set([...code.matchAll(/\bid:["'`]([\w+/]{6})["'`]/g)].map(([, id]) => id!));
      const config = getConfig();
      const { sourceLocale = 'en' } = config;
      const catalogs = await getCatalogs(config);
      for (const language of languages) {
        const parts = await Promise.all(
          catalogs.map((catalog) => catalog.getTranslations(language, { sourceLocale, fallbackLocales: {} })),
        );
        const messages = Object.fromEntries(
          parts.flatMap((part) => Object.entries(part.messages)).filter(([id]) => used.has(id)),
        );
        const { source, errors } = createCompiledCatalog(language, messages, { namespace: 'json' });
        if (errors.length > 0) throw errors[0]!.error;
        this.emitFile({ type: 'asset', fileName: `${language}.json`, source });
      }
    },
  };
}
