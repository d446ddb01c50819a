import { PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

test('a phone in a pocket says when the user’s track is on, if they want that', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, serviceWorkers: 'allow', permissions: ['notifications'] });
  // Pages of Playwright are always visible.
  await ben.context.addInitScript(() => {
    Object.defineProperty(document, 'visibilityState', {
      get: () => (window.name === 'pocket' ? 'hidden' : 'visible'),
    });
  });
  const pocket = (inside: boolean) =>
    ben.page.evaluate(
      (name) => {
        window.name = name;
      },
      inside ? 'pocket' : '',
    );
  /** What the system shows: phones show notices of the service worker only. */
  const notices = () =>
    ben.page.evaluate(async () => {
      const { getNotifications } = ServiceWorkerRegistration.prototype;
      const shown = await getNotifications.call(await navigator.serviceWorker.ready);
      return shown.map(({ title, body }) => `${title}: ${body}`);
    });

  const code = await ada.startRoom({ title: 'Kitchen party' });
  await ben.page.goto('/me');
  await ben.get('track-notice').check();
  await expect(ben.get('track-notice')).toBeChecked();
  await ben.join(code);
  await ben.isJoined();
  await ada.add('First Light');
  await ada.get('pause').click();
  await ben.add('Slow Orbit');
  await ada.add('Harbour Lamps');
  await ben.add('Rain on Tin');
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Rain on Tin · Ben');

  await test.step('a page that is looked at shows no notice', async () => {
    await ada.get('skip').click();
    await expect(ben.get('toast').filter({ hasText: 'Your track is on: “Slow Orbit”.' })).toBeVisible();
    expect(await notices()).toEqual([]);
  });

  await test.step('one that is hidden does', async () => {
    await pocket(true);
    await ada.get('skip').click();
    await ada.nowPlaying('Harbour Lamps');
    await ada.get('skip').click();
    await expect.poll(notices).toEqual(['Kitchen party: Your track is on: “Rain on Tin”.']);
    await pocket(false);
  });

  await test.step('until it is turned off', async () => {
    await ben.page.goto('/me');
    await ben.get('track-notice').uncheck();
    await ben.page.reload();
    await expect(ben.get('track-notice')).not.toBeChecked();
  });
});
