import { type Guest, PHONE } from '../support/guest.ts';
import { continueAs, test } from '../support/spotify.ts';
import { expect } from '../support/test.ts';

/** The user's own picture is loaded and not broken. */
async function hasPicture(guest: Guest, name: string): Promise<void> {
  const width = () =>
    guest
      .member(name)
      .locator('img')
      .evaluate((picture) => (picture as HTMLImageElement).naturalWidth);
  await expect.poll(width).toBeGreaterThan(0);
}

test('a login with Spotify from a room’s page returns to that room with name and picture', async ({ guest }) => {
  const ada = await guest('Ada');
  const ana = await guest('Ana', { viewport: PHONE });
  const code = await ada.startRoom();

  await test.step('Spotify shows the requested scopes and asks for consent', async () => {
    await ana.page.goto(`/r/${code}`);
    await ana.get('spotify-continue').click();
    await expect(ana.get('scope-streaming')).toBeVisible();
    await ana.get('person-ana').check();
    await ana.get('agree').click();
  });

  await test.step('she is in the room, and the URL has no login parameters', async () => {
    await ana.isJoined();
    await expect(ana.page).toHaveURL(new RegExp(`/r/${code}$`));
    await ana.isIn(code);
    await ana.sees('Ada', 'Ana');
  });

  await test.step('both see her picture', async () => {
    await hasPicture(ana, 'Ana');
    await ada.sees('Ada', 'Ana');
    await hasPicture(ada, 'Ana');
  });

  await test.step('a reload and a second login keep her identity', async () => {
    const id = await ana.member('Ana').getAttribute('data-member');
    await ana.page.reload();
    await ana.isJoined();
    const laptop = await guest('Ana');
    await laptop.page.goto(`/r/${code}`);
    await continueAs(laptop, 'ana');
    await laptop.isJoined();
    await expect(laptop.member('Ana')).toHaveAttribute('data-member', id!);
    await ada.sees('Ada', 'Ana');
  });
});

test('declining at Spotify shows a message and changes nothing', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const code = await ada.startRoom();

  await test.step('a logged-out visitor returns to the room’s page and joins as a guest', async () => {
    await ben.page.goto(`/r/${code}`);
    await ben.get('spotify-continue').click();
    await ben.get('cancel').click();
    await expect(ben.get('spotify-notice')).toHaveAttribute('data-outcome', 'denied');
    await expect(ben.get('spotify-notice')).toContainText('You declined');
    await expect(ben.page).toHaveURL(new RegExp(`/r/${code}$`));
    await ben.get('guest-name').fill('Ben');
    await ben.get('join').click();
    await ben.isJoined();
  });
  const id = await ben.member('Ben').getAttribute('data-member');

  await test.step('a guest who declines stays the same guest', async () => {
    await ben.page.goto('/me');
    await ben.get('spotify-continue').click();
    await ben.get('cancel').click();
    await expect(ben.get('spotify-notice')).toHaveAttribute('data-outcome', 'denied');
    await expect(ben.get('spotify-panel')).toHaveAttribute('data-state', 'not_linked');
    await expect(ben.get('my-name')).toHaveValue('Ben');
    await ben.get('spotify-dismiss').click();
    await expect(ben.get('spotify-notice')).toHaveCount(0);
  });

  await ben.page.goto(`/r/${code}`);
  await ben.isJoined();
  await expect(ben.member('Ben')).toHaveAttribute('data-member', id!);
  await ada.sees('Ada', 'Ben');
});

test('a login callback works once; repeating it shows an error message', async ({ guest }) => {
  const ada = await guest('Ada');
  const ana = await guest('Ana');
  const code = await ada.startRoom();
  const callbacks: string[] = [];
  ana.page.on('request', (request) => {
    if (request.url().includes('/auth/spotify/callback')) callbacks.push(request.url());
  });
  await ana.page.goto(`/r/${code}`);
  await continueAs(ana, 'ana');
  await ana.isJoined();

  await test.step('the browser’s back button leads to Spotify’s page, which asks again', async () => {
    await ana.page.goBack();
    await ana.get('agree').click();
    await expect(ana.get('spotify-notice')).toHaveAttribute('data-outcome', 'expired');
    await expect(ana.get('spotify-notice')).toContainText('no longer valid');
  });

  await test.step('the same callback URL opened again', async () => {
    await ana.page.goto(callbacks[0]!);
    await expect(ana.get('spotify-notice')).toHaveAttribute('data-outcome', 'expired');
    await ana.page.reload();
    await expect(ana.get('start-room')).toBeVisible();
    await expect(ana.get('spotify-notice')).toHaveCount(0);
  });

  await test.step('a callback URL from another browser', async () => {
    const eve = await guest('Eve');
    await eve.page.goto(callbacks[1]!);
    await expect(eve.get('spotify-notice')).toHaveAttribute('data-outcome', 'expired');
    await expect(eve.get('switcher')).toHaveCount(0);
  });

  // She stays logged in.
  await ana.page.goto(`/r/${code}`);
  await ana.isJoined();
});

test('a guest who links Spotify keeps their identity and queue', async ({ guest }) => {
  const ada = await guest('Ada');
  const benny = await guest('Benny', { viewport: PHONE });
  const code = await ada.pausedRoom();
  await benny.join(code);
  await benny.isJoined();
  await benny.add('Slow Orbit');
  await benny.add('Copper Kettle');
  await ada.comingUp('Slow Orbit · Benny', 'Copper Kettle · Benny');
  const entries = await ada.entries();
  const id = await benny.member('Benny').getAttribute('data-member');
  const members = await ada.watchMembers();

  await test.step('he links Spotify and keeps his name', async () => {
    await benny.openSwitcher();
    await benny.get('to-me').click();
    await expect(benny.get('spotify-panel')).toHaveAttribute('data-state', 'not_linked');
    await continueAs(benny, 'ben');
    await expect(benny.get('spotify-panel')).toHaveAttribute('data-state', 'linked');
    await expect(benny.get('my-name')).toHaveValue('Benny');
  });

  await test.step('the back button leads to the room, not to Spotify', async () => {
    await benny.get('back').click();
    await benny.isJoined();
    await benny.isIn(code);
  });

  await test.step('the same member with the same entries', async () => {
    await expect(benny.member('Benny')).toHaveAttribute('data-member', id!);
    await benny.comingUp('Slow Orbit · You', 'Copper Kettle · You');
    expect(await benny.entries()).toEqual(entries);
  });

  await test.step('Ada sees no member join or leave, and his picture appears', async () => {
    await hasPicture(ada, 'Benny');
    expect(await ada.entries()).toEqual(entries);
    expect(await members()).toHaveLength(1);
  });
});
