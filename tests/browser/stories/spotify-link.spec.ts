import { checkUntil, continueAs, test } from '../support/spotify.ts';
import { expect } from '../support/test.ts';

test('after access is revoked at Spotify the user must log in again and everything else works', async ({
  guest,
  spotify,
}) => {
  const ada = await guest('Ada');
  const ana = await guest('Ana');
  const code = await ada.pausedRoom();
  await ana.page.goto(`/r/${code}`);
  await continueAs(ana, 'ana');
  await ana.isJoined();
  await ana.add('Slow Orbit');
  await ana.add('Copper Kettle');
  await ada.comingUp('Slow Orbit · Ana', 'Copper Kettle · Ana');
  const entries = await ada.entries();
  const id = await ana.member('Ana').getAttribute('data-member');
  await ana.page.goto('/me');
  await expect(ana.get('spotify-panel')).toHaveAttribute('data-state', 'linked');

  await test.step('her page says so and lists what still works', async () => {
    await spotify.revoke('ana');
    await checkUntil(ana, 'spotify-panel', 'data-state', 'needs_login');
    await expect(ana.get('spotify-panel')).toContainText('log in again');
    await expect(ana.get('spotify-panel')).toContainText('Your queue and your rooms are not affected');
    await expect(ana.get('who')).toHaveText('Logged in with Spotify.');
  });

  await test.step('the room is unchanged and she can still add tracks', async () => {
    await ana.get('back').click();
    await ana.isJoined();
    await expect(ana.member('Ana')).toHaveAttribute('data-member', id!);
    expect(await ana.entries()).toEqual(entries);
    await ana.add('Rain on Tin');
    await ada.comingUp('Slow Orbit · Ana', 'Copper Kettle · Ana', 'Rain on Tin · Ana');
  });

  await test.step('logging in again restores the link', async () => {
    await ana.openSwitcher();
    await ana.get('to-me').click();
    await expect(ana.get('spotify-panel')).toHaveAttribute('data-state', 'needs_login');
    await continueAs(ana, 'ana');
    await expect(ana.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
    await ana.get('back').click();
    await ana.isJoined();
    await expect(ana.member('Ana')).toHaveAttribute('data-member', id!);
    await ana.comingUp('Slow Orbit · You', 'Copper Kettle · You', 'Rain on Tin · You');
  });
});

test('without Premium the page says what is unavailable and everything else works', async ({ guest, spotify }) => {
  await spotify.turn({ product: true });
  const cleo = await guest('Cleo');
  const ada = await guest('Ada');
  await cleo.page.goto('/me');
  await continueAs(cleo, 'cleo');
  await expect(cleo.get('spotify-verdict')).toHaveAttribute('data-verdict', 'not_premium');
  await expect(cleo.get('spotify-verdict')).toContainText('You do not have Spotify Premium');
  await expect(cleo.get('spotify-verdict')).toContainText('You can queue, vote and control like everyone else');

  const code = await cleo.startRoom();
  await ada.join(code);
  await ada.isJoined();
  await cleo.add('First Light');
  await ada.nowPlaying('First Light');
  await cleo.get('pause').click();
  await ada.playbackIs('paused');
  await cleo.add('Slow Orbit');
  await ada.comingUp('Slow Orbit · Cleo');
  await cleo.get('resume').click();
  await cleo.get('skip').click();
  await ada.nowPlaying('Slow Orbit');
  await cleo.playHere();
});

test('Premium is shown as unknown until Spotify confirms it', async ({ guest, spotify }) => {
  const ana = await guest('Ana');
  await ana.page.goto('/me');
  await continueAs(ana, 'ana');
  await expect(ana.get('spotify-verdict')).toHaveAttribute('data-verdict', 'unknown');
  await expect(ana.get('spotify-verdict')).toContainText('not known yet');

  await spotify.turn({ product: true });
  await checkUntil(ana, 'spotify-verdict', 'data-verdict', 'premium');
  await expect(ana.get('spotify-verdict')).toContainText('You have Spotify Premium');
  await ana.page.reload();
  await expect(ana.get('spotify-verdict')).toHaveAttribute('data-verdict', 'premium');
});
