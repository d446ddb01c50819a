import { firefox } from '@playwright/test';
import { Firefox } from '../support/firefox.ts';
import { NullSink } from '../support/null-sink.ts';
import { PlaywrightTab, type Tab } from '../support/tab.ts';
import { test as base, expect } from '../support/test.ts';
import { Visitor } from '../support/visitor.ts';
import { WebKitGtk } from '../support/webkitgtk.ts';

/** The whole story in other engines than Chromium, as Debian delivers them, with sound. */

const AUDIBLE = 0.001;
/** `make firefox-starts` tries twenty. */
const STARTS = Number(process.env.STARTS ?? 2);

interface Engine {
  tab: Tab;
  /** Whether a page that is opened again in the same tab is silent until it is tapped. */
  wantsTap: boolean;
  close(): Promise<void>;
}

const ENGINES: Record<string, (environment: Record<string, string>) => Promise<Engine>> = {
  Firefox: async (environment) => {
    const launched = await Firefox.launch((options) => firefox.launch(options), { environment });
    const tab = new PlaywrightTab(await launched.browser.newPage());
    return { tab, wantsTap: false, close: () => launched.close() };
  },
  WebKitGTK: async (environment) => {
    const browser = await WebKitGtk.launch({ environment });
    return { tab: browser.tab, wantsTap: true, close: () => browser.close() };
  },
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
  test(`${name}: the whole story`, async ({ guest, server, flakyProxy, sink }) => {
    // It takes 20 to 40 s; a busy machine is slower.
    test.setTimeout(240_000);
    const engine = await launch(sink.environment);
    try {
      const isHeard = () => expect.poll(() => sink.loudness, { message: `${name} is heard` }).toBeGreaterThan(AUDIBLE);
      const isSilent = () => expect.poll(() => sink.loudness, { message: `${name} is silent` }).toBeLessThan(AUDIBLE);
      const ada = new Visitor('Ada', engine.tab, flakyProxy.url);
      const code = await ada.startRoom();
      const ben = await guest('Ben');
      await ben.join(code);
      await ben.isJoined();
      await ada.sees('Ada', 'Ben');

      await test.step('a track is found, added and heard', async () => {
        await ada.add('Slow Orbit');
        await ada.nowPlaying('Slow Orbit');
        await ben.nowPlaying('Slow Orbit');
        await ada.showsMusic();
        await isHeard();
      });

      await test.step('the page states that it does not know how late it is heard', async () => {
        await ada.isAskedToCalibrate();
        await expect.poll(async () => (await ada.sync()).words).toMatch(/±[5-9]\d ms/);
        expect((await ada.sync()).quality).toBe('poor');
        await ada.opensAndCloses('calibrate-open', 'calibrate', 'escape');
      });

      await test.step('a queue is sorted by dragging while the room is paused', async () => {
        await ada.pause();
        await isSilent();
        for (const title of ['First Light', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
        await ada.queued('First Light', 'Harbour Lamps', 'Rain on Tin');
        await ada.dragsLastToTop();
        await ada.queued('Rain on Tin', 'First Light', 'Harbour Lamps');
        await ben.comingUp('Rain on Tin · Ada', 'First Light · Ada', 'Harbour Lamps · Ada');
      });

      await test.step('dialogs close by Escape, by a press beside them, and by their button', async () => {
        for (const way of ['escape', 'beside', 'button'] as const)
          await ada.opensAndCloses('invite-open', 'invite', way);
      });

      await test.step('the console changes a setting', async () => {
        await ada.setsPolicy('rotation');
        await expect(ben.get('policy')).toHaveAttribute('data-policy', 'rotation');
      });

      await test.step('the room is resumed, sought and skipped', async () => {
        await ada.resume();
        await isHeard();
        await ada.seekTo(20_000);
        await expect.poll(() => ben.shownPositionMs()).toBeGreaterThan(19_000);
        await ada.skip();
        await ben.nowPlaying('Rain on Tin');
        await ada.nowPlaying('Rain on Tin');
        await isHeard();
      });

      await test.step('a page that is opened again, in another language, plays after one tap at most', async () => {
        await ada.speaks('de');
        await isSilent();
        await ada.returnsTo(code);
        await ada.seekTo(1_000);
        await ada.playButtonSays(engine.wantsTap ? 'Tippen, um hier abzuspielen' : 'Nicht mehr hier abspielen');
        if (engine.wantsTap) await ada.taps();
        await isHeard();
      });

      await test.step('the page comes back after a restart of the server', async () => {
        ben.expectNoNetwork();
        await server.stop();
        await ada.isReconnecting();
        await server.start();
        await ada.isOnline();
        await ben.connectionIs('online');
        await ada.seekTo(1_000);
        await isHeard();
      });

      await test.step('what was added without a network arrives with it', async () => {
        await ada.finds('Copper Kettle');
        flakyProxy.cut();
        await ada.isReconnecting();
        await ada.addsOffline();
        flakyProxy.restore();
        await ada.isOnline();
        await expect.poll(async () => (await ben.upcoming()).at(-1)).toBe('Copper Kettle · Ada');
        await isHeard();
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
