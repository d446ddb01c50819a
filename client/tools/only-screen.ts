import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const legacy = (name: string) => fileURLToPath(new URL(`../src/legacy/${name}`, import.meta.url));

/** Everything that only other pages show. */
const OTHER_PAGES =
  /\/(Landing|Me|Device|Pair|Operator|Password|Invited|Room|EntryDialog|SpotifyNotice|spotify-player)(\.svelte)?$/;
const REPLACED: [RegExp, string][] = [
  [OTHER_PAGES, legacy('OtherPage.svelte')],
  [/\/catalog-loader$/, legacy('catalog-loader.ts')],
];

/** Leaves only the wall screen of the app. */
export function onlyScreen(): Plugin {
  return {
    name: 'only-screen',
    enforce: 'pre',
    resolveId(source) {
      return REPLACED.find(([pattern]) => pattern.test(source))?.[1] ?? null;
    },
  };
}
