import { expect, test } from '../support/test.ts';

test('a registered user keeps their identity across logouts and devices', async ({ guest }) => {
  const ada = await guest('Ada');
  const code = await ada.startRoom();
  await ada.page.goto('/me');

  await test.step('a guest registers', async () => {
    await ada.get('username').fill('ada.l');
    await ada.get('password').fill('analytical engine');
    await ada.get('register').click();
    await expect(ada.get('who')).toHaveText('Logged in as ada.l.');
  });
  await ada.page.goto(`/r/${code}`);
  await ada.isJoined();
  const id = await ada.member('Ada').getAttribute('data-member');
  await expect(ada.member('Ada')).toHaveAttribute('data-role', 'host');

  await test.step('logs out', async () => {
    await ada.page.goto('/me');
    await ada.confirm(ada.get('logout'));
    await expect(ada.get('who')).toContainText('not logged in');
    await ada.page.reload();
    await expect(ada.get('who')).toContainText('not logged in');
  });

  await test.step('mistypes the password, then logs in', async () => {
    ada.expectConsoleErrors(/status of 401.*\/api\/v1\/auth\/login/);
    await ada.get('username').fill('ada.l');
    await ada.get('password').fill('difference engine');
    await ada.get('login').click();
    await expect(ada.get('problem')).toContainText('do not match');
    await ada.get('password').fill('analytical engine');
    await ada.get('login').click();
    await expect(ada.get('who')).toHaveText('Logged in as ada.l.');
  });

  await ada.page.goto(`/r/${code}`);
  await ada.isJoined();
  await expect(ada.member('Ada')).toHaveAttribute('data-member', id!);
  await expect(ada.member('Ada')).toHaveAttribute('data-role', 'host');
});

test('a taken username shows an error message', async ({ guest }) => {
  const ada = await guest('Ada');
  const eve = await guest('Eve');
  for (const person of [ada, eve]) {
    await person.page.goto('/me');
    await person.get('username').fill('the.one');
    await person.get('password').fill('long enough it is');
    person.expectConsoleErrors(/status of 409.*\/api\/v1\/auth\/register/);
    await person.get('register').click();
  }
  await expect(ada.get('who')).toHaveText('Logged in as the.one.');
  await expect(eve.get('problem')).not.toBeEmpty();
});

test('a new display name is visible to every member', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();

  await ben.page.goto('/me');
  await ben.get('my-name').fill('Benedict');
  await ben.get('save-name').click();
  await expect(ben.get('toast')).toHaveText('Saved.');
  await ben.get('back').click();
  await expect(ben.member('Benedict')).toBeAttached();
  await ada.sees('Ada', 'Benedict');
});
