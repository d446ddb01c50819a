import type { Guest } from '../support/guest.ts';
import { continueAs, type Person, type Spotify, test } from '../support/spotify.ts';
import { expect, isAccessible } from '../support/test.ts';

const LATE_SHIFT = '1LateShiftRaw000000000';
const DOORBELL = '5DoorbellInterlude0000';
/** Louder than dither. */
const AUDIBLE = 0.001;

async function linked(guest: Guest, person: Person): Promise<void> {
  await guest.page.goto('/me');
  await continueAs(guest, person);
  await expect(guest.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
}

async function entersBy(guest: Guest, code: string): Promise<void> {
  await guest.page.goto(`/r/${code}`);
  await guest.isJoined();
}

const loudness = async (guest: Guest) => (await guest.heard()).loudness;

async function heard(guest: Guest): Promise<void> {
  await expect.poll(() => loudness(guest), { message: `${guest.name} hears music` }).toBeGreaterThan(AUDIBLE);
}

async function silent(guest: Guest): Promise<void> {
  await expect.poll(() => loudness(guest), { message: `${guest.name} hears nothing` }).toBeLessThan(AUDIBLE);
}

async function accountPlays(spotify: Spotify, person: Person, track: string, isPlaying = true): Promise<void> {
  await expect
    .poll(async () => {
      const { track, is_playing } = await spotify.playerState(person);
      return is_playing ? track : null;
    })
    .toBe(isPlaying ? track : null);
}

/** The accounts play at the room's position, within the precision of devices that can only seek and start. */
async function areTogether(spotify: Spotify, room: Guest, ...people: Person[]): Promise<void> {
  for (const person of people) {
    await expect
      .poll(
        async () => {
          const shown = await room.shownPositionMs();
          return Math.abs(shown - (await spotify.playerState(person)).position_ms);
        },
        { message: `${person}'s account plays at the room's position` },
      )
      .toBeLessThan(1_500);
  }
}

test('Premium browser, free browser and Spotify app follow one room', async ({ guest, spotify }) => {
  test.setTimeout(240_000);
  await spotify.turn({ autoplay: true, linked_from: false });
  const [ana, ben, cleo] = [await guest('Ana'), await guest('Ben'), await guest('Cleo')];
  // The stand-in rejects her player, and the browser logs it.
  cleo.expectConsoleErrors(/403/);
  await linked(ana, 'ana');
  await linked(ben, 'ben');
  await linked(cleo, 'cleo');
  const code = await ana.startRoom();
  await entersBy(ben, code);
  await entersBy(cleo, code);

  await test.step('one result list has tracks of both providers, and both can be added', async () => {
    await ana.get('search').fill('night');
    await expect(ana.result('Night Bus Home')).toHaveAttribute('data-provider', 'spotify');
    await ana.get('search').fill('slow');
    await expect(ana.result('Slow Orbit')).toHaveAttribute('data-provider', 'library');
    await expect(ana.result('Slow Elevator, Part II')).toHaveAttribute('data-provider', 'spotify');
    const accent = () =>
      ana.page.evaluate(() => getComputedStyle(document.documentElement).getPropertyValue('--accent'));
    const usual = await accent();
    await ana.add('Late Shift (Raw)');
    await ana.nowPlaying('Late Shift (Raw)');
    // From a cover of another site.
    await expect.poll(accent).not.toBe(usual);
    // Members without Premium can add tracks too.
    await cleo.add('Doorbell Interlude');
    await ana.comingUp('Doorbell Interlude · Cleo');
  });

  await test.step('the browser plays it with Premium', async () => {
    await ana.get('play-here').click();
    await heard(ana);
    await accountPlays(spotify, 'ana', LATE_SHIFT);
    expect((await spotify.playerState('ana')).device).toContain('Tutti');
    await expect(ana.get('spotify-here')).toHaveAttribute('data-condition', 'ready');
    await areTogether(spotify, ana, 'ana');
  });

  await test.step('without Premium the page says why not and what works', async () => {
    await cleo.get('play-here').click();
    await expect(cleo.get('spotify-here')).toHaveAttribute('data-condition', 'not_premium', { timeout: 40_000 });
    await expect(cleo.get('spotify-not-premium')).toContainText('You can queue, vote and control as before');
    await silent(cleo);
    await isAccessible(cleo);
  });

  await test.step('a phone with the Spotify app follows the room', async () => {
    await ben.get('spotify-other-device').click();
    await expect(ben.get('spotify-here')).toContainText('Spotify sees no device of yours');
    await spotify.addDevice('ben', 'bens-phone', 'Ben’s phone');
    await ben.get('spotify-here').getByRole('button', { name: 'Look again' }).click();
    await ben.get('spotify-device').click();
    await expect(ben.get('spotify-output-name')).toContainText('Ben’s phone');
    await accountPlays(spotify, 'ben', LATE_SHIFT);
    await areTogether(spotify, ana, 'ana', 'ben');
    await isAccessible(ben);
    await ben.page.close();
  });

  await test.step('seek', async () => {
    await ana.seekTo(100_000);
    await expect.poll(() => ana.shownPositionMs()).toBeGreaterThan(99_000);
    await areTogether(spotify, ana, 'ana', 'ben');
    await heard(ana);
  });

  await test.step('pause and resume', async () => {
    await ana.get('pause').click();
    await accountPlays(spotify, 'ana', LATE_SHIFT, false);
    await accountPlays(spotify, 'ben', LATE_SHIFT, false);
    await silent(ana);
    await ana.get('resume').click();
    await accountPlays(spotify, 'ana', LATE_SHIFT);
    await accountPlays(spotify, 'ben', LATE_SHIFT);
    await areTogether(spotify, ana, 'ana', 'ben');
  });

  await test.step('skip', async () => {
    await ana.add('First Light');
    await ana.get('skip').click();
    await ana.nowPlaying('Doorbell Interlude');
    await accountPlays(spotify, 'ana', DOORBELL);
    await accountPlays(spotify, 'ben', DOORBELL);
    await areTogether(spotify, ana, 'ana', 'ben');
  });

  await test.step('after the track the room continues with a file, and Spotify does not autoplay', async () => {
    await ana.seekTo(24_000);
    await accountPlays(spotify, 'ana', DOORBELL);
    await ana.nowPlaying('First Light');
    await accountPlays(spotify, 'ana', DOORBELL, false);
    await accountPlays(spotify, 'ben', DOORBELL, false);
    await ana.hearsMusic();
    // Members without Premium hear the other tracks.
    await cleo.hearsMusic();
    for (const person of ['ana', 'ben'] as const) {
      const { track, position_ms } = await spotify.playerState(person);
      // On a loaded machine the pause may be late; then it stops the track that Spotify chose, at its beginning.
      if (track !== DOORBELL) expect(position_ms, `${person} hears nothing that Spotify chose`).toBeLessThan(1_000);
    }
  });
});

test('guests without Spotify can search and add tracks through the host’s link', async ({ guest, spotify }) => {
  await spotify.turn({});
  const [ana, ada] = [await guest('Ana'), await guest('Ada')];
  await linked(ana, 'ana');
  const code = await ana.startRoom();
  await ada.join(code);
  await ada.isJoined();
  await ada.add('Paper Lanterns');
  await ana.nowPlaying('Paper Lanterns');
  await expect(ada.get('spotify-here')).toContainText('With Spotify Premium you hear them here');
  await expect(ada.get('spotify-here')).toHaveAttribute('data-condition', 'not_linked');
});
