import { continueAs, test } from '../support/spotify.ts';
import { expect } from '../support/test.ts';

test('deleting the account removes the user’s name from rooms', async ({ guest }) => {
  const ada = await guest('Ada');
  const benny = await guest('Bennyboy');
  const code = await ada.startRoom();
  await benny.join(code);
  await benny.isJoined();
  await benny.add('Harbour Lamps');
  await ada.nowPlaying('Harbour Lamps');
  await ada.get('pause').click();
  await benny.playbackIs('paused');
  await benny.add('Copper Kettle');
  await ada.add('Slow Orbit');
  await expect(ada.get('upcoming-entry')).toHaveCount(2);
  await benny.page.goto('/me');
  await continueAs(benny, 'ben');
  await expect(benny.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
  await expect(ada.page.locator('body')).toContainText('Bennyboy');

  await test.step('the confirmation can be cancelled', async () => {
    await benny.get('delete-me').click();
    await benny.get('delete-me-cancel').click();
    await expect(benny.get('delete-me-confirm')).toHaveCount(0);
    await expect(benny.get('my-name')).toHaveValue('Bennyboy');
  });

  await test.step('he is logged out of this browser', async () => {
    await benny.get('delete-me').click();
    await benny.get('delete-me-confirm').click();
    await expect(benny.get('start-room')).toBeVisible();
    await expect(benny.get('switcher')).toHaveCount(0);
    await benny.page.reload();
    await expect(benny.get('start-room')).toBeVisible();
    await expect(benny.get('switcher')).toHaveCount(0);
    await expect(benny.get('guest-name')).toHaveValue('');
  });

  await test.step('Ada’s room continues: the current track stays, his queue and name are removed', async () => {
    await ada.sees('Ada');
    await ada.comingUp('Slow Orbit · You');
    await ada.nowPlaying('Harbour Lamps');
    await expect(ada.page.locator('body')).not.toContainText('Bennyboy');
    await ada.page.reload();
    await ada.isJoined();
    await ada.nowPlaying('Harbour Lamps');
    await expect(ada.page.locator('body')).not.toContainText('Bennyboy');
    await ada.get('skip').click();
    await ada.nowPlaying('Slow Orbit');
  });

  await test.step('the same Spotify account creates a new user', async () => {
    await benny.page.goto(`/r/${code}`);
    await continueAs(benny, 'ben');
    await expect(benny.member('Ben')).toBeAttached();
    await ada.sees('Ada', 'Ben');
  });
});
