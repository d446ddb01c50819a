import { PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

test('a room that nobody hears waits, and starts for the first device that plays', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const code = await ada.startRoom({ waits: true });
  await ada.add('First Light');
  await ada.nowPlaying('First Light');
  await ada.playbackIs('waiting');
  await expect(ada.get('waits-for-listener')).toContainText('No speaker yet');
  const screen = await ada.anotherTab();
  await screen.page.goto(`/r/${code}/screen`);
  await expect(screen.get('screen-waits')).toBeVisible();
  await ben.join(code);
  await ben.isJoined();
  await ben.page.getByTestId('view-add').click();
  await expect(ben.page.getByTestId('mini-waits')).toHaveText('No speaker yet');
  expect(await ada.shownPositionMs()).toBe(0);

  await test.step('it is heard from the start, wherever somebody taps', async () => {
    await ben.page.getByTestId('mini-open').click();
    const tappedAtMs = Date.now();
    await ben.get('listen-here').click();
    await ben.hearsMusic();
    await expect.poll(() => ben.heardStartMs()).toBeGreaterThan(tappedAtMs);
    await ada.playbackIs('playing');
    await expect(ada.get('waits-for-listener')).toHaveCount(0);
  });

  await test.step('without a speaker again, resuming waits, and the host can turn that off', async () => {
    await ada.get('pause').click();
    await ben.get('play-here').click();
    await ada.playbackIs('paused');
    await ada.get('resume').click();
    await ada.playbackIs('waiting');
    const sound = await ada.openConsole('sound');
    await sound.getByTestId('setting-wait-for-listener').uncheck();
    await ada.closeConsole();
    await ada.playbackIs('playing');
  });
});
