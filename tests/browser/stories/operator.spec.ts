import type { Locator } from '@playwright/test';
import { type Guest, LAPTOP, PHONE } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, isAccessible, test } from '../support/test.ts';

test.use({ settings: INVITES });

const PASSWORD = 'long enough it is';
const NEW_PASSWORD = 'tuba quiche ninety one';

async function register(guest: Guest, username: string): Promise<void> {
  await guest.page.goto('/me');
  await guest.get('my-name').fill(guest.name);
  await guest.get('username').fill(username);
  await guest.get('password').fill(PASSWORD);
  await guest.get('register').click();
  await expect(guest.get('who')).toHaveText(`Logged in as ${username}.`);
}

async function opens(root: Guest, tab: 'people' | 'rooms' | 'door' | 'server' | 'log'): Promise<void> {
  await root.get(`operator-tab-${tab}`).click();
  await expect(root.get(`operator-tab-${tab}`)).toHaveAttribute('aria-selected', 'true');
}

async function finds(root: Guest, name: string): Promise<Locator> {
  await root.get('people-search').fill(name);
  await expect(root.get('person')).toHaveCount(1);
  const person = root.page.locator(`[data-testid="person"][data-person="${name}"]`);
  await expect(person).toBeVisible();
  return person;
}

/** The path of the link that is shown, as another device opens it. */
async function linkOf(root: Guest): Promise<string> {
  await expect(root.get('one-time-link')).toHaveValue(/^http:\/\/tutti\.lan:8080\/(password|invited)#[\w-]{40,}$/);
  const { pathname, hash } = new URL(await root.get('one-time-link').inputValue());
  return pathname + hash;
}

test('an operator looks after people, rooms and the door', async ({ guest, server }) => {
  const root = await guest('Root', { viewport: LAPTOP });
  const ana = await guest('Ana', { viewport: PHONE });
  const ben = await guest('Ben', { viewport: LAPTOP });
  const stranger = await guest('Stranger', { viewport: PHONE });

  await test.step('an account becomes an operator on the command line', async () => {
    await register(root, 'root');
    await expect(root.get('to-operator')).toHaveCount(0);
    await root.page.goto('/operator');
    await expect(root.get('not-operator')).toBeVisible();
    expect(await server.command('operator', 'add', 'root')).toContain('root is an operator now');
    await root.page.goto('/me');
    await root.get('to-operator').click();
    await expect(root.get('operator-tab-people')).toBeVisible();
    await isAccessible(root);
  });

  await test.step('a forgotten password is replaced by a link', async () => {
    await register(ana, 'ana');
    const person = await finds(root, 'Ana');
    await person.getByTestId('reset-password').click();
    const link = await linkOf(root);
    await isAccessible(root);
    await root.get('password-link-close').click();
    const phone = await guest('Ana', { viewport: PHONE });
    await phone.page.goto(link);
    await expect(phone.page).toHaveURL(/\/password$/);
    await isAccessible(phone);
    await phone.get('new-password').fill('short');
    await phone.get('choose-password').click();
    await expect(phone.get('problem')).toBeVisible();
    await phone.get('new-password').fill(NEW_PASSWORD);
    await phone.get('choose-password').click();
    await expect(phone.get('who')).toHaveText('Logged in as ana.');
    // It was logged out there, and learns it with its next request.
    ana.expectConsoleErrors(/status of 401/);
    await ana.page.reload();
    await expect(ana.get('who')).not.toHaveText('Logged in as ana.');
    await ana.page.goto('/me');
    await ana.get('username').fill('ana');
    await ana.get('password').fill(NEW_PASSWORD);
    await ana.get('login').click();
    await expect(ana.get('who')).toHaveText('Logged in as ana.');
  });

  const code = await ana.startRoom({ title: 'Kitchen' });
  await ben.join(code);
  await ben.isJoined();

  await test.step('a banned guest is out at once, and stays out', async () => {
    ben.expectConsoleErrors(/status of 40[13]/);
    const person = await finds(root, 'Ben');
    await root.confirm(person.getByTestId('ban'));
    await expect(person.getByTestId('is-banned')).toBeVisible();
    await expect(ben.get('notice-title')).toHaveText('You were logged out');
    await ben.page.goto('/');
    await ben.get('guest-name').fill('Bruno');
    await ben.get('start-room').click();
    await expect(ben.get('problem')).toHaveText('You’ve been banned from this server.');
    await root.get('people-search').fill('');
    await root.get('people-banned').check();
    await expect(root.get('person')).toHaveCount(1);
    await person.getByTestId('unban').click();
    await expect(root.get('people-empty')).toBeVisible();
    await ben.get('guest-name').fill('Ben');
    await ben.get('start-room').click();
    await ben.isJoined();
  });

  await test.step('a room is closed', async () => {
    await opens(root, 'rooms');
    await root.get('rooms-search').fill('kitchen');
    const room = root.page.locator(`[data-testid="operated-room"][data-code="${code}"]`);
    await expect(room).toContainText('Host: Ana');
    await expect(room).toContainText('2 members');
    await isAccessible(root);
    await root.confirm(room.getByTestId('close-room'));
    await expect(ana.get('notice-title')).toBeVisible();
    await expect(root.get('rooms-empty')).toBeVisible();
  });

  await test.step('the library is scanned again', async () => {
    await opens(root, 'server');
    await expect(root.get('tracks')).toHaveText('7');
    await isAccessible(root);
    await root.get('scan-library').click();
    await expect(root.page.getByText('The library is being scanned.')).toBeVisible();
  });

  await test.step('accounts are created by invitation, and guests are off', async () => {
    await opens(root, 'door');
    await root.get('registration-invited').check();
    await root.get('guests-off').check();
    await root.get('rooms-by-accounts').check();
    await isAccessible(root);
    await stranger.page.goto('/');
    await expect(stranger.get('not-starting')).toHaveText('You need an account to start a room here.');
    await expect(stranger.get('guest-name')).toHaveCount(0);
    await isAccessible(stranger);
    await stranger.get('start-login').click();
    await expect(stranger.get('registration')).toHaveText('New accounts here need an invitation from an operator.');
    await expect(stranger.get('register')).toHaveCount(0);
    await expect(stranger.get('continue-as-guest')).toHaveCount(0);

    await root.get('invite').click();
    const link = await linkOf(root);
    await expect(root.get('invitations-open')).toHaveText('1 invitation is still open.');
    await stranger.page.goto(link);
    await expect(stranger.page).toHaveURL(/\/invited$/);
    await isAccessible(stranger);
    await stranger.get('invited-name').fill('Stranger');
    await stranger.get('username').fill('stranger');
    await stranger.get('password').fill(PASSWORD);
    await stranger.get('register').click();
    await expect(stranger.get('start-room')).toBeVisible();
    const late = await guest('Late', { viewport: PHONE });
    late.expectConsoleErrors(/status of 410/);
    await late.page.goto(link);
    await late.get('username').fill('late');
    await late.get('password').fill(PASSWORD);
    await late.get('register').click();
    await expect(late.get('problem')).toHaveText(
      'This invitation was used or withdrawn, or has expired. Ask for a new one.',
    );
  });

  await test.step('the log says it all, on a phone too', async () => {
    await root.page.setViewportSize(PHONE);
    await opens(root, 'log');
    await expect(root.get('act').first()).toContainText('Account created by invitation');
    await expect(root.get('act').last()).toContainText('Made an operator');
    await isAccessible(root);
    const overflow = await root.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(overflow, 'nothing is wider than the phone').toBeLessThanOrEqual(0);
    expect(await server.command('operator', 'log')).toContain('password_link_made');
  });
});
