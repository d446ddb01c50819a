import { hearTogether, PHONE, standsStill } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ settings: INVITES });

test('a party from creating the room to removing a guest', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, hasTouch: true, isMobile: true, blockAutoplay: true });

  const code = await test.step('Ada starts a room and sees its code and a QR', async () => {
    const code = await ada.startRoom({ title: 'Kitchen party' });
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{6}$/);
    await expect(ada.get('room-title')).toHaveText('Kitchen party');
    await expect(ada.get('qr')).toBeVisible();
    await expect(ada.get('qr')).toHaveAttribute('aria-label', new RegExp(`/r/${code}$`));
    return code;
  });

  await test.step('Ben opens the link on his phone, enters a name and joins', async () => {
    await ben.join(code);
    await ben.isJoined();
    await ada.sees('Ada', 'Ben');
    await ben.sees('Ada', 'Ben');
  });

  await test.step('both queue tracks, and the queues merge fairly', async () => {
    await ada.add('First Light');
    await ada.nowPlaying('First Light');
    await ada.playbackIs('playing');
    await ada.add('Harbour Lamps');
    await ada.add('Copper Kettle');
    await ben.add('Slow Orbit');
    await ben.add('Rooftop Bicycle');
    // Ben has no airtime yet, so his first track goes ahead of all of Ada's queued tracks.
    await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Rooftop Bicycle · Ben', 'Copper Kettle · You');
    await ben.comingUp('Slow Orbit · You', 'Harbour Lamps · Ada', 'Rooftop Bicycle · You', 'Copper Kettle · Ada');
  });

  await test.step('both play it audibly at the same position', async () => {
    await ada.playHere();
    await ben.playHere();
    await expect(ada.member('Ben').getByTestId('whereabouts')).toContainText('plays the music');
    await hearTogether(ada, ben);
  });

  await test.step('Ada pauses and resumes', async () => {
    await ada.get('pause').click();
    await ada.hearsNothing();
    await ben.hearsNothing();
    await standsStill(ada, ben);
    expect(await ben.shownPositionMs()).toBe(await ada.shownPositionMs());
    await ada.get('resume').click();
    await ada.hearsMusic();
    await ben.hearsMusic();
    await hearTogether(ada, ben);
  });

  await test.step('Ada seeks', async () => {
    await ada.seekTo(1_000);
    await expect.poll(() => ben.shownPositionMs()).toBeLessThan(4_000);
    await ada.hearsMusic();
    await ben.hearsMusic();
    await hearTogether(ada, ben);
  });

  await test.step('Ada skips, and both play the next track', async () => {
    await ada.get('skip').click();
    for (const person of [ada, ben]) {
      await person.nowPlaying('Slow Orbit');
      await person.hearsMusic();
    }
    await hearTogether(ada, ben);
    await ada.comingUp('Harbour Lamps · You', 'Rooftop Bicycle · Ben', 'Copper Kettle · You');
  });

  await test.step('Ada removes an entry of Ben’s', async () => {
    await ada.get('upcoming-entry').filter({ hasText: 'Rooftop Bicycle' }).getByTestId('remove-entry').click();
    await ada.comingUp('Harbour Lamps · You', 'Copper Kettle · You');
    await ben.comingUp('Harbour Lamps · Ada', 'Copper Kettle · Ada');
    await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveCount(0);
  });

  await test.step('Ada reorders her own queue', async () => {
    await ada.get('my-queue').getByTestId('move-up').last().click();
    await ada.comingUp('Copper Kettle · You', 'Harbour Lamps · You');
    await ben.comingUp('Copper Kettle · Ada', 'Harbour Lamps · Ada');
  });

  await test.step('Ada removes Ben, who sees why and can rejoin', async () => {
    await ada.kick('Ben');
    await expect(ben.get('notice-title')).toHaveText('The host removed you');
    await ada.sees('Ada');
    await ben.get('notice-action').click();
    await ben.get('join').click();
    await ben.isJoined();
    await ada.sees('Ada', 'Ben');
    await ben.nowPlaying('Slow Orbit');
  });
});
