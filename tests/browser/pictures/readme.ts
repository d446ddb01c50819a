import { mkdir } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { type Guest, LAPTOP, PHONE } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, settled, test } from '../support/test.ts';

test.use({ settings: INVITES });

/** The screenshots for the README, taken from the running program: `npm run screenshots`. */
const FOLDER = fileURLToPath(new URL('../../../docs/images/', import.meta.url));

async function picture({ page }: Guest, name: string): Promise<void> {
  await mkdir(FOLDER, { recursive: true });
  await settled(page);
  await page.screenshot({ path: `${FOLDER}${name}.png` });
}

test('pictures for the README', async ({ guest }) => {
  const calm = { reducedMotion: 'reduce' } as const;
  const mara = await guest('Mara', { ...calm, viewport: LAPTOP, colorScheme: 'light' });
  const jonas = await guest('Jonas', { ...calm, viewport: PHONE, deviceScaleFactor: 2, colorScheme: 'dark' });
  const priya = await guest('Priya', calm);
  const leo = await guest('Leo', calm);
  const wall = await guest('Living room wall', {
    ...calm,
    viewport: { width: 1440, height: 810 },
    colorScheme: 'dark',
  });

  await mara.page.goto('/');
  await expect(mara.get('start-room')).toBeVisible();
  await picture(mara, 'landing');

  const code = await mara.startRoom({ title: 'Friday in the kitchen' });
  for (const person of [jonas, priya, leo]) {
    await person.join(code);
    await person.isJoined();
  }
  await jonas.add('Harbour Lamps');
  await mara.nowPlaying('Harbour Lamps');
  await mara.add('Slow Orbit');
  await priya.add('First Light');
  await leo.add('Rooftop Bicycle');
  await jonas.add('Copper Kettle');
  await mara.add('Seven Steps Down');
  await priya.add('Rain on Tin');
  await expect(mara.get('upcoming-entry')).toHaveCount(6);
  await mara.playHere();
  await jonas.playHere();
  await mara.showOn(wall, code);
  await wall.nowPlaying('Harbour Lamps');
  await mara.sees('Mara', 'Jonas', 'Priya', 'Leo');

  await mara.seekTo(11_000);
  await expect.poll(() => jonas.shownPositionMs()).toBeGreaterThan(11_000);
  for (const person of [mara, jonas]) await person.hearsMusic();
  await jonas.get('view-now').click();
  const toast = mara.get('toast');
  while ((await toast.count()) > 0) await toast.first().click();
  // No focus ring and no hover state in the screenshots.
  for (const { page } of [mara, jonas]) {
    await page.mouse.move(0, 0);
    await page.evaluate(() => {
      (document.activeElement as HTMLElement | null)?.blur();
      for (const element of document.querySelectorAll('*')) element.scrollTop = 0;
    });
  }
  await picture(mara, 'room-laptop');
  await picture(jonas, 'room-phone');
  await picture(wall, 'screen');
});
