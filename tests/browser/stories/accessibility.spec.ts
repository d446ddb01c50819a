import { PHONE } from '../support/guest.ts';
import { expect, isAccessible, test } from '../support/test.ts';

test('the pages outside rooms are accessible', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.page.goto('/');
  await expect(ada.get('start-room')).toBeVisible();
  await isAccessible(ada);
  await ada.page.goto('/me');
  await expect(ada.get('my-name')).toBeVisible();
  await isAccessible(ada);
  await ada.page.goto('/nowhere');
  await expect(ada.get('notice-title')).toBeVisible();
  await isAccessible(ada);
});

test('a room is accessible for the host, for a guest on a phone, on the wall screen and before joining', async ({
  guest,
  server,
}) => {
  test.setTimeout(300_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const wall = await guest('Wall');
  const code = await ada.startRoom({ passcode: 'sesame' });

  await test.step('the join form', async () => {
    await ben.page.goto(`/r/${code}`);
    await expect(ben.get('passcode')).toBeVisible();
    await isAccessible(ben);
    await ben.join(code, { passcode: 'wrong' });
    await expect(ben.get('problem')).toBeVisible();
    await isAccessible(ben);
    await ben.get('passcode').fill('sesame');
    await ben.get('join').click();
    await ben.isJoined();
  });

  await test.step('an empty room', async () => {
    await isAccessible(ada);
    await isAccessible(ben);
  });

  await test.step('a room where music plays', async () => {
    await ada.add('Slow Orbit');
    await ada.add('Harbour Lamps');
    await ben.add('Copper Kettle');
    await ben.add('Rain on Tin');
    await expect(ada.get('upcoming-entry')).toHaveCount(3);
    await expect(ben.get('upcoming-entry')).toHaveCount(3);
    await ada.playHere();
    await ben.playHere();
    // On a busy machine the checks take longer than a track.
    await ada.get('pause').click();
    await ada.playbackIs('paused');
    await isAccessible(ada);
    await isAccessible(ben);
  });

  await test.step('the views of a phone, and the invitation', async () => {
    for (const view of ['view-now', 'view-next', 'view-room']) {
      await ben.get(view).click();
      await isAccessible(ben);
    }
    await ben.get('invite-open').click();
    await expect(ben.get('copy-link').last()).toBeVisible();
    await isAccessible(ben);
    await ben.get('invite-close').click();
  });

  await test.step('the tabs of a laptop', async () => {
    for (const tab of ['view-own-queue', 'view-chat', 'view-people']) {
      await ada.get(tab).click();
      await isAccessible(ada);
    }
  });

  await test.step('the wall screen', async () => {
    await wall.page.goto('/screen');
    await expect(wall.get('pairing-code')).toBeVisible();
    await isAccessible(wall);
    await ada.get('screen-open').click();
    await isAccessible(ada);
    await ada.page.keyboard.press('Escape');
    await ada.showOn(wall, code);
    await wall.nowPlaying(await ada.get('now-playing').getByTestId('track-title').innerText());
    await isAccessible(wall);
  });

  await test.step('removed', async () => {
    await ada.kick('Ben');
    await expect(ben.get('notice-title')).toBeVisible();
    await isAccessible(ben);
  });

  await test.step('no such room', async () => {
    ben.expectConsoleErrors(/status of 404/);
    await ben.page.goto('/r/ZZZZZZ');
    await expect(ben.get('notice-title')).toBeVisible();
    await isAccessible(ben);
  });

  await test.step('reconnecting', async () => {
    ada.expectNoNetwork();
    wall.expectNoNetwork();
    await server.stop();
    await ada.connectionIs('reconnecting');
    await isAccessible(ada);
  });
});
