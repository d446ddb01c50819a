import { mkdir } from 'node:fs/promises';
import { type Guest, PHONE } from '../support/guest.ts';
import { drawn, expect, test } from '../support/test.ts';

/** Every page in every width and scheme, to be looked at: `npm run gallery`, then `output/gallery/`. */
const WIDTHS = [360, 820, 1440];

async function show({ page }: Guest, name: string): Promise<void> {
  await mkdir('output/gallery', { recursive: true });
  const before = page.viewportSize();
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of WIDTHS) {
      await page.setViewportSize({ width, height: width === 360 ? 740 : 900 });
      await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' });
      await drawn(page);
      const fullPage = !name.startsWith('screen');
      await page.screenshot({ path: `output/gallery/${name}-${width}-${colorScheme}.png`, fullPage, scale: 'css' });
    }
  }
  if (before !== null) await page.setViewportSize(before);
}

test('every page', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const wall = await guest('Wall');
  await ada.page.goto('/');
  await expect(ada.get('start-room')).toBeVisible();
  await show(ada, 'landing');
  await ada.page.goto('/me');
  await expect(ada.get('my-name')).toBeVisible();
  await show(ada, 'me');
  const code = await ada.startRoom({ title: 'Kitchen party' });
  await show(ada, 'room-empty');
  await ben.page.goto(`/r/${code}`);
  await expect(ben.get('join')).toBeVisible();
  await show(ben, 'join');
  await ben.join(code);
  await ben.isIn();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'Rain on Tin']) await ada.add(title);
  for (const title of ['Copper Kettle', 'First Light']) await ben.add(title);
  await expect(ada.get('upcoming-entry')).toHaveCount(4);
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveCount(2);
  await ada.playHere();
  await show(ada, 'room-host');
  await show(ben, 'room-guest');
  await wall.page.goto(`/r/${code}/screen`);
  await wall.get('join').click();
  await wall.nowPlaying('Slow Orbit');
  await show(wall, 'screen');
  await ada.confirm(ada.member('Ben').getByTestId('kick'));
  await expect(ben.get('notice-title')).toBeVisible();
  await show(ben, 'kicked');
  ben.expectTrouble(/status of 404/);
  await ben.page.goto('/r/ZZZZZZ');
  await expect(ben.get('notice-title')).toHaveText('There is no such room');
  await show(ben, 'not-found');
  for (const person of [ada, ben, wall]) person.expectNoNetwork();
  await server.stop();
  await ada.connectionIs('reconnecting');
  await ada.get('add-track').first().click();
  await show(ada, 'reconnecting');
});
