import { chromium } from '@playwright/test';
import { Guest, PHONE } from '../support/guest.ts';
import { expect, isAccessible, test } from '../support/test.ts';

/** The paths of everything that the service worker keeps. */
function keptPaths({ page }: Guest): Promise<string[]> {
  return page.evaluate(async () => {
    const paths = [];
    for (const name of await caches.keys())
      for (const { url } of await (await caches.open(name)).keys()) paths.push(url.replace(location.origin, ''));
    return paths;
  });
}

test('the app opens without the server, says that it is away, and continues when it is back', async ({
  guest,
  server,
}) => {
  const ada = await guest('Ada', { viewport: PHONE, serviceWorkers: 'allow' });
  ada.expectNoNetwork();
  await ada.startRoom({ title: 'Kitchen party', passcode: 'open sesame' });
  await ada.add('First Light');

  await test.step('it keeps its own files, and nothing about the room', async () => {
    await expect.poll(() => keptPaths(ada)).toContainEqual(expect.stringMatching(/^\/assets\/Console-/));
    // The invitation of the room, with its passcode in the fragment.
    await ada.page.goto(`${ada.page.url()}#passcode=open%20sesame`);
    await ada.page.reload();
    await ada.isJoined();
    const others = (await keptPaths(ada)).filter((path) => !path.startsWith('/assets/'));
    expect(others).toEqual(['/']);
  });

  await test.step('parts of an open room open while the server is away', async () => {
    await server.stop();
    await ada.connectionIs('reconnecting');
    await ada.openConsole('people');
    await ada.closeConsole();
  });

  await test.step('a reload says that the server is away, and shows no room', async () => {
    await ada.page.reload();
    await expect(ada.get('notice-title')).toHaveText('The server cannot be reached');
    await expect(ada.get('now-playing')).toHaveCount(0);
    await isAccessible(ada);
    await server.start();
    await ada.isJoined();
    await ada.nowPlaying('First Light');
  });

  await test.step('so it does on a device without a network, from the start page too', async () => {
    await ada.context.setOffline(true);
    await ada.page.goto('/');
    await expect(ada.get('notice-title')).toHaveText('This device is offline');
    await ada.context.setOffline(false);
    await expect(ada.get('start-room')).toBeVisible();
  });
});

test('the app can be installed, and its shortcuts lead to a room', async ({ guest }) => {
  const ada = await guest('Ada', { serviceWorkers: 'allow' });
  await ada.page.goto('/#join');
  await expect(ada.get('join-code')).toBeFocused();
  const devtools = await ada.context.newCDPSession(ada.page);
  const { errors } = await devtools.send('Page.getAppManifest');
  expect(errors).toEqual([]);
  const { installabilityErrors } = await devtools.send('Page.getInstallabilityErrors');
  // Every context of a test is a private window.
  expect(installabilityErrors.map(({ errorId }) => errorId)).toEqual(['in-incognito']);

  await ada.startRoom();
  await test.step('the menu and the profile have a button once the browser offers it', async () => {
    // As a browser with a user interface sends it.
    const asked = await ada.page.evaluateHandle(() => {
      const calls: string[] = [];
      const offer = Object.assign(new Event('beforeinstallprompt'), {
        prompt: async () => void calls.push('prompt'),
      });
      dispatchEvent(offer);
      return calls;
    });
    await ada.get('switcher').click();
    await expect(ada.get('install')).toBeVisible();
    await ada.get('to-me').click();
    await ada.get('install').click();
    expect(await asked.jsonValue()).toEqual(['prompt']);
    await expect(ada.get('install')).toHaveCount(0);
  });
});

test('at an http address, the profile says what that costs', async ({ server }, info) => {
  const options = info.project.use.launchOptions ?? {};
  const browser = await chromium.launch({
    ...options,
    args: [...(options.args ?? []), '--host-resolver-rules=MAP tutti.lan 127.0.0.1'],
  });
  try {
    const context = await browser.newContext({ viewport: PHONE, baseURL: `http://tutti.lan:${server.port}` });
    const ada = new Guest('Ada', context, await context.newPage());
    // Chromium ignores this header at an http address, and says so.
    ada.expectConsoleErrors(/Cross-Origin-Opener-Policy/);
    await ada.page.goto('/me');
    await expect(ada.get('http-costs')).toContainText('installing Tutti as an app');
    await isAccessible(ada);
    expect(await ada.page.evaluate(() => 'serviceWorker' in navigator)).toBe(false);
    expect(ada.consoleErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});
