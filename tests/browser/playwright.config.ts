import { defineConfig } from '@playwright/test';

/** They measure sound, gestures or time, or start other browsers: nothing else may run beside them. */
const TIMED =
  /\/(budgets|coming-back|engines|faulty-files|first-sound|listening|long-lists|nodes|old-browsers|party|playing|restart-under-load|segments|sorting|spotify-players)\./;

/**
 * Real Chromium against the real server. No test waits for a fixed time: every wait is for a condition, so a slow
 * machine only makes the tests slower.
 */
export default defineConfig({
  outputDir: 'output/results',
  reporter: [['list']],
  timeout: 120_000,
  // Two cores decode, render and serve several clients at once.
  expect: { timeout: 30_000 },
  retries: 0,
  workers: 1,
  forbidOnly: true,
  use: {
    browserName: 'chromium',
    screenshot: 'only-on-failure',
    // Recording takes a fifth of the processor time of a story: `--trace retain-on-failure` turns it on.
    trace: 'off',
    actionTimeout: 30_000,
    launchOptions: {
      executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
      args: [
        '--no-sandbox',
        '--disable-gpu',
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--no-first-run',
      ],
    },
  },
  projects: [
    { name: 'stories', testDir: 'stories' },
    // The same stories in two parts, for `.ci/test`.
    { name: 'parallel', testDir: 'stories', testIgnore: TIMED },
    { name: 'timed', testDir: 'stories', testMatch: TIMED },
    { name: 'pictures', testDir: 'pictures', testMatch: '*.ts', timeout: 240_000 },
  ],
});
