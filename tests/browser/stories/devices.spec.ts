import { PHONE } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ settings: INVITES });

test('a host is the host on their phone, too, by a code', async ({ guest }) => {
  const laptop = await guest('Ada');
  const phone = await guest('Ada', { viewport: PHONE, hasTouch: true, isMobile: true });
  const thief = await guest('Eve', { viewport: PHONE });
  const room = await laptop.startRoom();
  const id = await laptop.member('Ada').getAttribute('data-member');

  const code = await test.step('the laptop shows a code', async () => {
    await laptop.openSwitcher();
    await laptop.get('hand-over-open').click();
    const code = await laptop.get('device-code').innerText();
    expect(code).toMatch(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/);
    // The label leaves out the fragment with the code.
    const qr = laptop.get('hand-over-dialog').getByTestId('qr');
    await expect(qr).toHaveAttribute('aria-label', /http:\/\/tutti\.lan:8080\/device$/);
    return code;
  });

  await test.step('the phone opens the link and is Ada, in the room, as its host', async () => {
    await phone.page.goto(`/device#code=${code}&room=${room}`);
    await expect(phone.page).toHaveURL(/\/device$/);
    await expect(phone.get('device-code')).toHaveValue(code);
    await phone.get('device-continue').click();
    await phone.isIn(room);
    await phone.isJoined();
    await expect(phone.member('Ada')).toHaveAttribute('data-member', id!);
    await expect(phone.member('Ada')).toHaveAttribute('data-role', 'host');
    await laptop.sees('Ada');
  });

  await test.step('the laptop says so, and the code is used up', async () => {
    await expect(laptop.get('hand-over-dialog')).toHaveCount(0);
    await expect(laptop.page.getByText('You are now on another device, too: Chrome on Linux')).toBeVisible();
    thief.expectConsoleErrors(/status of 410/);
    await thief.page.goto('/');
    await thief.get('to-device').click();
    await thief.get('device-code').fill(code.toLowerCase().replace('-', ' '));
    await thief.get('device-continue').click();
    await expect(thief.get('problem')).toContainText('used already');
  });

  await test.step('the laptop lists the phone and logs it out', async () => {
    await laptop.openSwitcher();
    await laptop.get('to-me').click();
    await expect(laptop.get('session')).toHaveCount(2);
    phone.expectConsoleErrors(/status of 401.*\/api\/v1\/auth\/refresh/);
    await laptop.confirm(laptop.get('session-end'));
    await expect(phone.get('notice-title')).toHaveText('You were logged out');
  });
});
