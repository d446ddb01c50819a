import { fileURLToPath } from 'node:url';
import { lingui } from '@lingui/vite-plugin';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'vitest/config';
import { browserCheck } from './tools/browser-check.ts';
import { supportedBrowsers } from './tools/browsers.ts';
import { chunks } from './tools/chunks.ts';
import { linguiMacros } from './tools/lingui-macros.ts';
import { precompress } from './tools/precompress.ts';
import { preloadApp } from './tools/preload-app.ts';
import { serviceWorker } from './tools/service-worker.ts';

const server = '127.0.0.1:8080';

export const alias = { $protocol: fileURLToPath(new URL('../protocol/typescript/protocol.ts', import.meta.url)) };

export default defineConfig({
  // Scripts and styles find each other wherever the server is. Pages have paths of several parts, so they name files from the
  // root; the server adds its base path.
  base: './',
  experimental: { renderBuiltUrl: (file, { hostType }) => (hostType === 'html' ? `/${file}` : { relative: true }) },
  plugins: [browserCheck(), linguiMacros(), lingui(), svelte(), preloadApp(), serviceWorker(), precompress()],
  resolve: { alias },
  build: {
    target: supportedBrowsers('production'),
    // The content security policy allows images from `data:`, but hashed files cache better.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    rolldownOptions: {
      treeshake: {
        // Svelte does not declare it: of its runtime, custom elements would stay although no page has one.
        moduleSideEffects: [{ test: /\/svelte\/src\/internal\/client\//, sideEffects: false }],
      },
      output: { codeSplitting: { groups: chunks } },
    },
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
