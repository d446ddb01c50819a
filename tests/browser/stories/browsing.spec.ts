import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LAPTOP, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { hum } from '../support/wav.ts';

test('a member finds a track in spite of a typing error, and adds an album at once', async ({ guest }) => {
  const ada = await guest('Ada', { viewport: PHONE, hasTouch: true, isMobile: true });
  await ada.startRoom();

  await test.step('a misspelled title is found', async () => {
    await ada.get('search').fill('harbor lmaps');
    await expect(ada.get('track-title')).toHaveText(['Harbour Lamps']);
    await ada.get('search').fill('');
  });

  await test.step('artists lead to an album and back', async () => {
    await ada.get('browse-artists').click();
    await expect(ada.get('browse-item').first()).toBeVisible();
    await ada.get('browse-item').first().click();
    await expect(ada.get('browse-item')).toHaveCount(1);
    await expect(ada.get('browse-item')).toContainText('Tutti Demo');
    await ada.get('browse-back').click();
    await expect(ada.get('browse-back')).toHaveCount(0);
    await expect(ada.get('browse-item').nth(1)).toBeVisible();
  });

  await test.step('the album is added by one tap, in its order', async () => {
    await ada.get('browse-albums').click();
    await ada.get('browse-item').filter({ hasText: 'Tutti Demo' }).click();
    await expect(ada.get('search-result')).toHaveCount(7);
    await ada.get('add-all').click();
    await ada.nowPlaying('First Light');
    await expect(ada.page.getByText('7 tracks were added.').first()).toBeVisible();
    await ada.get('pause').click();
    await expect(ada.get('my-queue').getByTestId('entry-title')).toHaveText([
      'Harbour Lamps',
      'Copper Kettle',
      'Slow Orbit',
      'Rooftop Bicycle',
      'Rain on Tin',
      'Seven Steps Down',
    ]);
  });

  await test.step('typing searches, also while something is browsed', async () => {
    await ada.page.setViewportSize(LAPTOP);
    await ada.get('search').fill('rooftop');
    await expect(ada.get('search-result').getByTestId('track-title')).toHaveText(['Rooftop Bicycle']);
    await ada.get('search').fill('');
    await ada.get('browse-recent').click();
    await expect(ada.get('search-result')).toHaveCount(7);
  });

  await test.step('what was played can be added again, from the evening’s tracks or one’s own', async () => {
    await ada.get('browse-yours').click();
    await expect(ada.page.getByText('Tracks that you added appear here once they have played')).toBeVisible();
    await ada.get('skip').click();
    await ada.nowPlaying('Harbour Lamps');
    for (const shelf of ['browse-tonight', 'browse-yours']) {
      await ada.get(shelf).click();
      await expect(ada.get(shelf)).toHaveAttribute('aria-pressed', 'true');
      await expect(ada.get('search-result').getByTestId('track-title')).toHaveText(['First Light']);
    }
    await ada.result('First Light').getByTestId('add-track').click();
    await expect(ada.get('my-queue').getByTestId('entry-title').last()).toHaveText('First Light');
    await ada.get('browse-all').click();
    await expect(ada.get('search-result')).toHaveCount(7);
  });
});

test.describe('an album with a file that no decoder plays', () => {
  const library = mkdtempSync(join(tmpdir(), 'tutti-browsing-'));
  test.use({ settings: { TUTTI_LIBRARY_DIR: library } });
  test.beforeAll(() => {
    const album = join(library, 'Ana', 'Tones');
    mkdirSync(album, { recursive: true });
    const broken = hum(30);
    // A codec that does not exist.
    broken.writeUInt16LE(0x4711, 20);
    writeFileSync(join(album, '01 - Broken.wav'), broken);
    writeFileSync(join(album, '02 - Low.wav'), hum(30));
  });
  test.afterAll(() => rmSync(library, { recursive: true }));

  test('is added without it, and says so', async ({ guest }) => {
    const ada = await guest('Ada');
    await ada.startRoom();
    const broken = ada.get('search-result').filter({ hasText: 'Broken' });
    await expect(async () => {
      // The server decodes the files in the background.
      await ada.get('browse-recent').click();
      await expect(broken).toContainText('can’t be played', { timeout: 1_000 });
    }).toPass();
    await expect(broken.getByTestId('add-track')).toHaveCount(0);
    await ada.get('browse-albums').click();
    await ada.get('browse-item').click();
    await ada.get('add-all').click();
    await ada.nowPlaying('Low');
    await expect(ada.page.getByText('One track was added. One can’t be played.').first()).toBeVisible();
  });
});
