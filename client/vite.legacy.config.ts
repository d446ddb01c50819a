import { fileURLToPath } from 'node:url';
import { lingui } from '@lingui/vite-plugin';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vite';
import { supportedBrowsers } from './tools/browsers.ts';
import { legacyStyles } from './tools/legacy-styles.ts';
import { legacyTexts } from './tools/legacy-texts.ts';
import { linguiMacros } from './tools/lingui-macros.ts';
import { onlyScreen } from './tools/only-screen.ts';
import { precompress } from './tools/precompress.ts';
import { alias } from './vite.config.ts';

/** Builds the wall screen for old browsers: one classic script, one style sheet, and the texts of each language. */
export default defineConfig({
  plugins: [onlyScreen(), linguiMacros(), lingui(), svelte(), legacyTexts(), legacyStyles(), precompress()],
  resolve: { alias },
  base: './',
  publicDir: false,
  build: {
    outDir: 'dist/legacy',
    target: 'es2017',
    cssTarget: supportedBrowsers('screen'),
    cssCodeSplit: false,
    assetsInlineLimit: 0,
    modulePreload: false,
    rolldownOptions: {
      // A classic script has none. Vite's helper for dynamic imports asks for it.
      transform: { define: { 'import.meta.resolve': 'undefined', 'import.meta.url': 'location.href' } },
      input: fileURLToPath(new URL('src/legacy/main.ts', import.meta.url)),
      output: {
        format: 'iife',
        // Fixed names: nothing else needs to know them, and the server revalidates what is outside `assets/`.
        entryFileNames: 'screen.js',
        assetFileNames: ({ names }) => (names[0]?.endsWith('.css') ? 'screen.css' : '[name][extname]'),
        codeSplitting: false,
      },
    },
  },
});
