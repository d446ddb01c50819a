import { firefox } from '@playwright/test';
import { Firefox } from '../support/firefox.ts';
import { NullSink } from '../support/null-sink.ts';
import { PlaywrightTab, type Tab } from '../support/tab.ts';
import { test as base, expect } from '../support/test.ts';
import { Visitor } from '../support/visitor.ts';
import { WebKitGtk } from '../support/webkitgtk.ts';

/** The main story in other engines than Chromium, as Debian delivers them, with sound. */

const AUDIBLE = 0.001;
/** `make firefox-starts` tries twenty. */
const STARTS = Number(process.env.STARTS ?? 3);

interface Engine {
  tab: Tab;
  close(): Promise<void>;
}

const ENGINES: Record<string, (environment: Record<string, string>) => Promise<Engine>> = {
  Firefox: async (environment) => {
    const launched = await Firefox.launch((options) => firefox.launch(options), { environment });
    const tab = new PlaywrightTab(await launched.browser.newPage());
    return { tab, close: () => launched.close() };
  },
  WebKitGTK: (environment) => WebKitGtk.launch({ environment }),
};

const test = base.extend<{ sink: NullSink }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright requires a pattern.
  sink: async ({}, use) => {
    const sink = await NullSink.start();
    await use(sink);
    await sink.stop();
  },
});

for (const [name, launch] of Object.entries(ENGINES)) {
  test(`${name} starts a room, finds a track and is heard`, async ({ guest, server, sink }) => {
    // It takes 15 to 30 s; a busy machine is slower.
    test.setTimeout(180_000);
    const engine = await launch(sink.environment);
    try {
      const ada = new Visitor('Ada', engine.tab, server.url);
      const code = await ada.startRoom();
      const ben = await guest('Ben');
      await ben.join(code);
      await ben.isJoined();
      await ada.sees('Ada', 'Ben');
      await ada.playHere();
      await ada.add('Slow Orbit');
      await ada.nowPlaying('Slow Orbit');
      await ben.nowPlaying('Slow Orbit');
      await ada.showsMusic();
      await expect.poll(() => sink.loudness, { message: `${name} is heard` }).toBeGreaterThan(AUDIBLE);

      await test.step('the page states that it does not know how late it is heard', async () => {
        await ada.isAskedToCalibrate();
        await expect.poll(async () => (await ada.sync()).words).toMatch(/±[5-9]\d ms/);
        expect((await ada.sync()).quality).toBe('poor');
      });

      await test.step('a queue is sorted by dragging', async () => {
        await ada.pause();
        for (const title of ['First Light', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
        await ada.queued('First Light', 'Harbour Lamps', 'Rain on Tin');
        await ada.dragsLastToTop();
        await ada.queued('Rain on Tin', 'First Light', 'Harbour Lamps');
        await ben.comingUp('Rain on Tin · Ada', 'First Light · Ada', 'Harbour Lamps · Ada');
      });
    } finally {
      await engine.close();
    }
  });
}

test(`${STARTS} starts in Firefox without a frozen page`, async ({ guest, server, sink }) => {
  test.setTimeout(60_000 + STARTS * 30_000);
  const ada = await guest('Ada');
  const code = await ada.startRoom();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'Rain on Tin', 'First Light']) await ada.add(title);
  for (let start = 1; start <= STARTS; start += 1) {
    await test.step(`start ${start}`, async () => {
      // The tracks are short.
      await ada.seekTo(1_000);
      const launched = await Firefox.launch((options) => firefox.launch(options), { environment: sink.environment });
      try {
        const page = await launched.browser.newPage();
        const ben = new Visitor(`Ben ${start}`, new PlaywrightTab(page), server.url);
        await ben.join(code);
        await ben.playHere();
        // A page that asks for its latency freezes here, and answers no more.
        await ben.sync();
        await ben.showsMusic();
      } finally {
        await launched.close();
      }
    });
  }
});
