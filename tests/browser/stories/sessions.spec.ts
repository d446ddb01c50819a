import { type Guest, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

async function logIn(guest: Guest, way: 'register' | 'login'): Promise<void> {
  await guest.page.goto('/me');
  await guest.get('my-name').fill(guest.name);
  await guest.get('username').fill('ana');
  await guest.get('password').fill('long enough it is');
  await guest.get(way).click();
  await expect(guest.get('who')).toHaveText('Logged in as ana.');
}

test('a session revoked from another device ends at once and the page says why', async ({ guest }) => {
  const mara = await guest('Mara');
  const laptop = await guest('Ana');
  const phone = await guest('Ana', { viewport: PHONE });
  const code = await mara.startRoom();
  await logIn(laptop, 'register');
  await logIn(phone, 'login');
  await phone.page.goto(`/r/${code}`);
  await phone.isJoined();
  const id = await phone.member('Ana').getAttribute('data-member');

  await test.step('the laptop lists both sessions and revokes the other', async () => {
    await laptop.page.reload();
    await expect(laptop.get('session')).toHaveCount(2);
    const toldAtMs = phone.page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          new MutationObserver((_, watcher) => {
            if (document.querySelector('[data-testid="notice-title"]') === null) return;
            watcher.disconnect();
            resolve(performance.timeOrigin + performance.now());
          }).observe(document.body, { subtree: true, childList: true });
        }),
    );
    // The phone learns that its session was revoked with its next request.
    phone.expectConsoleErrors(/status of 401.*\/api\/v1\/auth\/refresh/);
    const asked = laptop.page.waitForRequest((request) => request.method() === 'DELETE');
    await laptop.confirm(laptop.get('session-end'));
    const request = await asked;
    // The start is known once the request is answered.
    await request.response();
    const tookMs = (await toldAtMs) - request.timing().startTime;
    console.log(`logged out after ${Math.round(tookMs)} ms`);
    expect(tookMs).toBeLessThan(1_000);
    await expect(phone.get('notice-title')).toHaveText('You were logged out');
    await expect(laptop.get('session')).toHaveCount(1);
    await expect(laptop.get('session')).toHaveAttribute('data-current', 'true');
  });

  await test.step('the room continues, and the phone can log in again', async () => {
    await mara.sees('Mara', 'Ana');
    await phone.get('notice-action').click();
    await phone.get('login-open').click();
    await phone.get('username').fill('ana');
    await phone.get('password').fill('long enough it is');
    await phone.get('login').click();
    await phone.isJoined();
    await expect(phone.member('Ana')).toHaveAttribute('data-member', id!);
  });
});

test('the first pages of a new visitor cause no failed requests', async ({ guest }) => {
  const ada = await guest('Ada');
  const code = await ada.startRoom();
  for (const path of ['/', `/r/${code}`, '/me', '/screen', '/pair', `/r/${code}/screen`]) {
    const stranger = await guest('Stranger', { viewport: PHONE });
    const refused: string[] = [];
    stranger.page.on('response', (response) => {
      if (!response.ok()) refused.push(`${response.status()} ${response.url()}`);
    });
    await stranger.page.goto(path, { waitUntil: 'networkidle' });
    await expect(stranger.page.locator('main')).toBeVisible();
    expect(refused, path).toEqual([]);
  }
});
