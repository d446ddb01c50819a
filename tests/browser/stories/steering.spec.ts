import { expect, test } from '../support/test.ts';

test('a host puts a track first, takes a skip back, and blocks an artist', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  await ben.add('Slow Orbit');
  await ben.add('Harbour Lamps');
  await ada.add('Copper Kettle');
  await ada.comingUp('Slow Orbit · Ben', 'Copper Kettle · You', 'Harbour Lamps · Ben');
  const entry = (title: string) => ada.get('upcoming-entry').filter({ hasText: title });

  await test.step('an entry goes ahead of the order, which says who did it', async () => {
    await entry('Harbour Lamps').getByTestId('play-next').click();
    await ada.comingUp('Harbour Lamps · Ben', 'Copper Kettle · You', 'Slow Orbit · Ben');
    await expect(entry('Harbour Lamps').getByTestId('entry-reason')).toHaveText('You play this next');
    await expect(entry('Harbour Lamps').getByTestId('play-next')).toHaveCount(0);
    await expect(ben.get('toast')).toHaveText('Ada plays “Harbour Lamps” next.');
    await expect(ben.get('play-next')).toHaveCount(0);
  });

  await test.step('its owner learns that their turn begins, and keeps the track', async () => {
    await ada.get('skip').click();
    await ben.nowPlaying('Harbour Lamps');
    await expect(ben.get('toast').filter({ hasText: 'Your track is on: “Harbour Lamps”.' })).toBeVisible();
    await ben.get('now-playing').getByTestId('favourite').click();
    await expect(ben.get('now-playing').getByTestId('favourite')).toHaveAttribute('aria-pressed', 'true');
  });

  await test.step('a skip is taken back: the track plays next', async () => {
    await ada.get('skip').click();
    await ada.nowPlaying('Copper Kettle');
    await ada.get('undo-last').click();
    await ada.comingUp('Harbour Lamps · Ben', 'Slow Orbit · Ben');
  });

  await test.step('an artist is blocked, with the entry that led to it', async () => {
    await entry('Slow Orbit').getByTestId('block-artist').click();
    await ada.comingUp('Harbour Lamps · Ben');
    await ben.get('search').fill('slow orbit');
    await ben.result('Slow Orbit').getByTestId('add-track').click();
    await expect(ben.get('toast').filter({ hasText: 'The host has blocked this artist.' })).toBeVisible();
  });

  await test.step('the console unblocks it, and asks for two votes to skip', async () => {
    await ada.openConsole('limits');
    await ada.get('block-lists').getByTestId('unblock').click();
    await expect(ada.get('blocked')).toHaveCount(0);
    await ada.get('block-artist-name').fill('Nobody Known');
    await ada.get('block-artist-add').click();
    await expect(ada.get('blocked')).toContainText('Nobody Known');
    await ada.get('setting-vote_skip_min').fill('2');
    await ada.get('apply-limits').click();
    await expect(ada.get('apply-limits')).toBeDisabled();
    await ada.closeConsole();
    await ben.result('Slow Orbit').getByTestId('add-track').click();
    await ada.comingUp('Harbour Lamps · Ben', 'Slow Orbit · Ben');
    await ben.get('vote-skip').click();
    await expect(ben.get('vote-skip-count')).toHaveText('1 of 2');
    await ben.nowPlaying('Copper Kettle');
  });

  await test.step('the host turns a device down', async () => {
    await ben.get('play-here').click();
    await ada.openConsole('sound');
    const device = ada.get('sound-device').filter({ hasText: 'Ben' });
    await device.getByTestId('device-volume').fill('40');
    await expect(ben.get('host-volume')).toContainText('40 %');
    await ada.closeConsole();
  });

  await test.step('favourites of this device are offered in every room, and the chat shows who is the host', async () => {
    await ben.get('search').fill('');
    await ben.get('favourites').getByTestId('track-added').click();
    await ben.get('favourites').getByTestId('add-again').click();
    await ada.comingUp('Harbour Lamps · Ben', 'Slow Orbit · Ben', 'Harbour Lamps · Ben');
    await ada.get('say-input').fill('Hello!');
    await ada.get('say-send').click();
    await expect(ben.get('said')).toContainText('Host');
  });

  await test.step('a skip of one’s own track is taken back, too: it is the first of one’s own', async () => {
    await ada.add('First Light');
    await ada.get('skip').click();
    await ada.nowPlaying('Harbour Lamps');
    await ada.get('undo-last').click();
    await ada.get('view-own-queue').click();
    await expect(ada.get('my-queue').getByTestId('entry-title')).toHaveText(['Copper Kettle', 'First Light']);
  });
});
