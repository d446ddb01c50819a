import { readFileSync } from 'node:fs';
import type { Plugin } from 'vite';
import { oldestVersions } from './browsers.ts';

const NAME = 'browser-check.js';

/** The script as it is served, with the versions of `package.json`. */
export function browserCheckScript(): string {
  const source = readFileSync(new URL(`../src/${NAME}`, import.meta.url), 'utf8');
  return source.replace('__OLDEST__', JSON.stringify(oldestVersions('production')));
}

/** Runs `src/browser-check.js` before the app. It is not bundled: old browsers must understand it as it is. */
export function browserCheck(): Plugin {
  return {
    name: 'browser-check',
    apply: 'build',
    buildStart() {
      this.emitFile({ type: 'asset', name: NAME, source: browserCheckScript() });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_html, { bundle = {} }) {
        const script = Object.values(bundle).find((file) => file.type === 'asset' && file.names.includes(NAME))!;
        // Deferred scripts and modules run in the order of the document.
        return [{ tag: 'script', attrs: { defer: true, src: `/${script.fileName}` }, injectTo: 'head-prepend' }];
      },
    },
  };
}
