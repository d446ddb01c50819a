import { PHONE } from '../support/guest.ts';
import { freePorts, Nginx, type Ports, type Recipe, recipeSettings } from '../support/nginx.ts';
import { test as base, expect } from '../support/test.ts';

/** A real nginx before the server. The browser finds it as https://tutti.example, and the server itself as tutti.lan. */
const PUBLIC = 'https://tutti.example';
/** A part of a site. */
const BELOW = 'https://home.example/tutti';

const test = base.extend<{ nginx: Nginx; recipe: Recipe }, { ports: Ports }>({
  recipe: ['nginx.conf', { option: true }],

  ports: [
    // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures here.
    async ({}, use) => use(await freePorts()),
    { scope: 'worker' },
  ],

  launchOptions: [
    async ({ launchOptions, ports }, use) => {
      const names = [
        `MAP tutti.example:80 127.0.0.1:${ports.http}`,
        `MAP tutti.example:443 127.0.0.1:${ports.https}`,
        `MAP home.example:80 127.0.0.1:${ports.http}`,
        `MAP home.example:443 127.0.0.1:${ports.https}`,
        'MAP tutti.lan 127.0.0.1',
      ];
      await use({ ...launchOptions, args: [...launchOptions.args!, `--host-resolver-rules=${names.join(',')}`] });
    },
    { scope: 'worker' },
  ],

  // The certificate is signed by itself.
  ignoreHTTPSErrors: true,

  // Stories name it before `guest`, so that it ends after the pages.
  nginx: async ({ ports, recipe, server }, use) => {
    const nginx = new Nginx(ports, () => server.port, recipe);
    await use(nginx);
    await nginx.dispose();
  },
});

/** What a browser logs of a proxy without a server behind it. */
const BAD_GATEWAY = [/status of 502/, /WebSocket connection to .* failed/];
/** What it logs of a page that came by plain http: the policy protects https only. */
const PLAIN_HTTP = /Cross-Origin-Opener-Policy header has been ignored/;

test.describe('with the recipe', () => {
  test.use({
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    settings: async ({}, use) => use({ ...(await recipeSettings()), TUTTI_LIMIT_CONNECTIONS_PER_ADDRESS: '3' }),
  });

  test('music plays through nginx, by http guests keep who they are, and what is away or full is said until it is not', async ({
    nginx,
    guest,
    server,
  }) => {
    const lan = `http://tutti.lan:${server.port}`;
    const ada = await guest('Ada', { baseURL: PUBLIC });
    const ben = await guest('Ben', { viewport: PHONE, baseURL: PUBLIC });
    const cai = await guest('Cai', { viewport: PHONE, baseURL: lan });
    const dora = await guest('Dora', { viewport: PHONE, baseURL: PUBLIC });
    cai.expectConsoleErrors(PLAIN_HTTP);
    await nginx.start();
    const code = await ada.startRoom({ plays: true });

    await test.step('music arrives by https', async () => {
      await ada.add('Slow Orbit');
      await ada.nowPlaying('Slow Orbit');
      await ada.hearsMusic();
    });

    await test.step('plain http leads to https', async () => {
      await ben.page.goto(`http://tutti.example/r/${code}`);
      await expect(ben.page).toHaveURL(`${PUBLIC}/r/${code}`);
      await ben.get('guest-name').fill('Ben');
      await ben.get('join').click();
      await ben.isJoined();
    });

    await test.step('a guest of the local network comes by http and stays the same after a reload', async () => {
      await cai.join(code);
      await cai.isJoined();
      expect(await cai.page.evaluate(() => isSecureContext)).toBe(false);
      for (const person of [ben, cai]) {
        await person.page.reload();
        await person.isJoined();
      }
      await ada.sees('Ada', 'Ben', 'Cai');
      // Their invitation leads to where everybody can come in.
      await cai.get('invite-open').click();
      await expect(cai.get('qr').last()).toHaveAttribute('aria-label', new RegExp(`${PUBLIC}/r/${code}$`));
      await cai.get('invite-close').click();
    });

    await test.step('the fourth device of a network with three places reads so, and has the next free place', async () => {
      await dora.join(code);
      await expect(dora.get('notice-lead')).toHaveText(
        'Too many devices of your network are connected. Another network, such as mobile data, may work. The page tries again by itself.',
      );
      await cai.page.close();
      await dora.isJoined();
      await ben.page.close();
    });

    await test.step('a server that is away behind nginx comes back by itself, and a newcomer reads why they wait', async () => {
      const erin = await guest('Erin', { viewport: PHONE, baseURL: PUBLIC });
      for (const person of [ada, dora, erin]) person.expectConsoleErrors(...BAD_GATEWAY);
      await erin.page.goto(`/r/${code}`);
      await erin.get('guest-name').fill('Erin');
      await server.stop();
      await ada.connectionIs('reconnecting');
      await erin.get('join').click();
      await expect(erin.get('problem')).toHaveText(
        'The server behind the proxy doesn’t answer. Try again in a moment.',
      );
      await server.start();
      for (const person of [ada, dora]) await person.connectionIs('online');
      await erin.get('join').click();
      await erin.isJoined();
      await expect(ada.member('Erin')).toBeAttached();
    });
  });

  test('nginx without the headers of an upgrade is named with its remedy, and so is a server that is away behind it', async ({
    nginx,
    guest,
    server,
  }) => {
    const ada = await guest('Ada', { baseURL: `http://tutti.lan:${server.port}` });
    const ben = await guest('Ben', { viewport: PHONE, baseURL: PUBLIC });
    ada.expectNoNetwork();
    ada.expectConsoleErrors(PLAIN_HTTP);
    ben.expectNoNetwork();
    ben.expectConsoleErrors(...BAD_GATEWAY);
    await nginx.start('upgrade');
    const code = await ada.startRoom();
    await ben.join(code);
    const lead = ben.get('notice-lead');
    await expect(lead).toContainText('something on the way blocks the live connection');
    await expect(lead).toContainText('has to pass on the headers “Upgrade” and “Connection”');
    expect(server.log, 'the operator reads it too').toContain('the header Upgrade is missing');

    await server.stop();
    await expect(lead).toContainText('A proxy answers, but the server behind it doesn’t');
    await nginx.stop();
    await expect(lead).toContainText('The server doesn’t answer');
    await server.start();
    await nginx.start();
    await ben.isJoined();
    await ada.sees('Ada', 'Ben');
  });
});

test.describe('with the recipe for a part of a site', () => {
  test.use({
    recipe: 'base-path/nginx.conf',
    // biome-ignore lint/correctness/noEmptyPattern: as above.
    settings: async ({}, use) => use(await recipeSettings('base-path/nginx.conf')),
  });

  test('rooms, music, invitations, cookies, old screens and the service worker are below it', async ({
    nginx,
    guest,
    server,
  }) => {
    const ada = await guest('Ada', { baseURL: `${BELOW}/` });
    const ben = await guest('Ben', { viewport: PHONE, baseURL: `${BELOW}/` });
    const television = await guest('Television', { baseURL: `${BELOW}/` });
    // The same server without nginx, at an address where the browser allows the worker.
    const cai = await guest('Cai', { baseURL: `${server.url}/tutti/`, serviceWorkers: 'allow' });
    const asked: string[] = [];
    for (const { page } of [ada, ben, television]) page.on('request', (request) => asked.push(request.url()));
    await nginx.start();
    const code = await ada.startRoom({ plays: true });
    expect(ada.page.url()).toBe(`${BELOW}/r/${code}`);
    await ada.add('Slow Orbit');
    await ada.nowPlaying('Slow Orbit');
    await ada.hearsMusic();

    await test.step('the invitation leads a phone into the room, which stays in it after a reload', async () => {
      await ada.get('invite-open').click();
      await expect(ada.get('qr').last()).toHaveAttribute('aria-label', new RegExp(`${BELOW}/r/${code}$`));
      await ada.get('invite-close').click();
      await ben.page.goto('http://home.example/tutti');
      await expect(ben.page).toHaveURL(`${BELOW}/`);
      await ben.join(code);
      await ben.isJoined();
      await ben.page.reload();
      await ben.isJoined();
      await ada.sees('Ada', 'Ben');
    });

    await test.step('an old television shows it', async () => {
      await television.context.addInitScript(() => Reflect.deleteProperty(HTMLScriptElement, 'supports'));
      await television.page.goto('./screen');
      await expect(television.page.locator('html')).toHaveAttribute('data-browser', 'old');
      await ada.approveScreen(await television.get('pairing-code').innerText());
      await television.nowPlaying('Slow Orbit');
    });

    await test.step('the rest of the site gets no request and no cookie', async () => {
      const paths = asked.filter((url) => /^https?:/.test(url)).map((url) => new URL(url).pathname);
      expect(paths).toContainEqual(expect.stringMatching(/^\/tutti\/assets\//));
      expect(paths).toContainEqual(expect.stringMatching(/^\/tutti\/api\/v1\/.*\/art\//));
      expect(paths.filter((path) => path !== '/tutti' && !path.startsWith('/tutti/'))).toEqual([]);
      const cookies = await ada.context.cookies();
      expect(cookies.map(({ name, path, secure }) => [name, path, secure])).toEqual([
        ['__Secure-tutti_0', '/tutti', true],
      ]);
    });

    await test.step('the app opens without the server', async () => {
      for (const { page } of [ada, ben, television]) await page.close();
      await cai.join(code);
      await cai.isJoined();
      expect(await cai.page.evaluate(async () => (await navigator.serviceWorker.ready).scope)).toBe(
        `${server.url}/tutti/`,
      );
      await cai.page.reload();
      await cai.isJoined();
      cai.expectNoNetwork();
      await server.stop();
      await cai.connectionIs('reconnecting');
      await cai.page.reload();
      await expect(cai.get('notice-title')).toHaveText('The server cannot be reached');
    });
  });
});

test('nginx with proxy_pass alone is refused with the setting that mends it', async ({ nginx, guest, server }) => {
  const ben = await guest('Ben', { viewport: PHONE, baseURL: PUBLIC });
  const words = 'The server doesn’t know the address of this page.';
  // The first gesture loads a room's parts, while nginx starts again.
  ben.expectConsoleErrors(/status of 403/, /status of 421/, /ERR_CONNECTION_REFUSED.*\/assets\//);
  await nginx.start('headers');
  await ben.page.goto('/');
  await ben.get('guest-name').fill('Ben');
  await ben.get('start-room').click();
  await expect(ben.get('problem')).toContainText(words);
  await expect(ben.get('problem')).toContainText('public URL');

  await nginx.start();
  await ben.page.goto('/');
  await expect(ben.page.locator('body')).toContainText('TUTTI_PUBLIC_URL');

  await server.stop();
  server.settings = { TUTTI_PUBLIC_URL: PUBLIC };
  await server.start();
  await ben.startRoom();
});
