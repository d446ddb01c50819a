import { fileURLToPath } from 'node:url';
import { lingui } from '@lingui/vite-plugin';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { browserCheck } from './tools/browser-check.ts';
import { supportedBrowsers } from './tools/browsers.ts';
import { linguiMacros } from './tools/lingui-macros.ts';
import { precompress } from './tools/precompress.ts';

const server = '127.0.0.1:8080';

export const alias = { $protocol: fileURLToPath(new URL('../protocol/typescript/protocol.ts', import.meta.url)) };

export default defineConfig({
  plugins: [browserCheck(), linguiMacros(), lingui(), svelte(), precompress()],
  resolve: { alias },
  build: {
    target: supportedBrowsers('production'),
    // The content security policy allows images from `data:`, but hashed files cache better.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
  },
  server: {
    fs: { allow: ['..'] },
    // The server compares the page's origin with the host that was asked.
    proxy: {
      '/api': { target: `http://${server}`, changeOrigin: false },
      '/ws': { target: `ws://${server}`, ws: true },
    },
  },
  test: {
    include: ['src/**/*.test.ts'],
    setupFiles: ['src/testing/language.ts'],
    // No file depends on what another one did, so they share modules: loading them again for each file took longer than most
    // tests. By default one processor is left idle.
    pool: 'threads',
    isolate: false,
    maxWorkers: '100%',
    unstubGlobals: true,
  },
});
