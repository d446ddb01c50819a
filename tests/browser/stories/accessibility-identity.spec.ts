import { type Guest, LAPTOP, PHONE } from '../support/guest.ts';
import { checkUntil, continueAs, test } from '../support/spotify.ts';
import { expect, isAccessible } from '../support/test.ts';

async function linked(guest: Guest, person: 'ana' | 'cleo', verdict: string): Promise<void> {
  await guest.page.goto('/me');
  await continueAs(guest, person);
  await expect(guest.get('spotify-verdict')).toHaveAttribute('data-verdict', verdict);
  await expect(guest.get('session')).not.toHaveCount(0);
}

test('the login dialog is accessible', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  for (const person of [ada, ben]) {
    await person.page.goto('/');
    await person.get('login-open').click();
    await expect(person.get('entry')).toBeVisible();
    await isAccessible(person);
  }
  await ada.get('register').click();
  await expect(ada.get('problem')).toBeVisible();
  await isAccessible(ada);
});

test('the profile is accessible in every state of the Spotify link', async ({ guest, spotify }) => {
  const ana = await guest('Ana', { viewport: PHONE });
  const cleo = await guest('Cleo');

  await test.step('a guest who declined', async () => {
    await cleo.startRoom();
    await cleo.page.goto('/me');
    await cleo.get('spotify-continue').click();
    await cleo.get('cancel').click();
    await expect(cleo.get('spotify-notice')).toBeVisible();
    await expect(cleo.get('spotify-panel')).toHaveAttribute('data-state', 'not_linked');
    await isAccessible(cleo);
  });

  await test.step('linked', async () => {
    await linked(ana, 'ana', 'unknown');
    await isAccessible(ana);
    await ana.get('delete-me').click();
    await isAccessible(ana);
  });

  await test.step('not premium', async () => {
    await spotify.turn({ product: true });
    await linked(cleo, 'cleo', 'not_premium');
    await isAccessible(cleo);
  });

  await test.step('login expired', async () => {
    await spotify.revoke('ana');
    await checkUntil(ana, 'spotify-panel', 'data-state', 'needs_login');
    await isAccessible(ana);
  });
});

test('the account switcher and its add-account dialog are accessible', async ({ guest }) => {
  for (const viewport of [PHONE, LAPTOP]) {
    const ada = await guest('Ada', { viewport });
    await ada.startRoom();
    await ada.openSwitcher();
    await isAccessible(ada);
    await ada.get('add-person').click();
    await expect(ada.get('entry')).toBeVisible();
    await isAccessible(ada);
  }
});
