import { PHONE } from '../support/guest.ts';
import { INVITES } from '../support/server.ts';
import { expect, test } from '../support/test.ts';

test.use({ settings: INVITES });

test('a room with a passcode rejects a wrong one and accepts the right one', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const code = await ada.startRoom({ title: 'Members only', passcode: 'sesame' });

  await ben.join(code, { passcode: 'open up' });
  await expect(ben.get('problem')).toContainText('That was not the passcode');
  await expect(ben.get('guest-name')).toHaveValue('Ben');
  await ben.get('passcode').fill('sesame');
  await ben.get('join').click();
  await ben.isJoined();
  await ada.sees('Ada', 'Ben');
  // A member is not asked again.
  await ben.page.reload();
  await ben.isJoined();
});

test('the host changes the name and the passcode: members stay, and an invitation carries both', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const cai = await guest('Cai', { viewport: PHONE });
  const code = await ada.startRoom({ title: 'Members only', passcode: 'sesame' });
  await ben.join(code, { passcode: 'sesame' });
  await ben.isJoined();

  await test.step('in the console', async () => {
    await ada.openConsole('door');
    await expect(ada.get('console-passcode')).toHaveValue('sesame');
    ada.expectConsoleErrors(/status of 400.*\/passcode/);
    await ada.get('console-passcode').fill('abc');
    await ada.get('set-passcode').click();
    await expect(ada.get('passcode-problem')).toHaveText('A passcode has 4 to 64 characters.');
    await ada.get('console-passcode').fill('öpen #1?');
    await ada.get('set-passcode').click();
    await expect(ada.get('set-passcode')).toBeDisabled();
    await ada.get('console-room-name').fill('Attic');
    await ada.get('rename-room').click();
    await expect(ada.get('rename-room')).toBeDisabled();
    await ada.openConsole('log');
    await expect(ada.get('audit-entry').nth(0)).toContainText('You renamed the room to “Attic”.');
    await expect(ada.get('audit-entry').nth(1)).toContainText('You set a new passcode.');
    await ada.closeConsole();
  });

  await test.step('whoever is inside sees the new name and stays', async () => {
    await expect(ben.get('room-title')).toHaveText('Attic');
    await expect(ben.page).toHaveTitle(/^Attic/);
    await ben.page.reload();
    await ben.isJoined();
    await ben.get('invite-open').click();
    const invitation = ben.page.getByRole('dialog');
    await expect(invitation).toContainText('Invite to Attic');
    await expect(invitation.getByTestId('invite-passcode')).toHaveText('öpen #1?');
    await ben.get('invite-close').click();
  });

  await test.step('a guest who follows the link types no passcode, and it leaves the address', async () => {
    await cai.page.goto(`/r/${code}#passcode=${encodeURIComponent('öpen #1?')}`);
    await cai.get('guest-name').fill('Cai');
    await expect(cai.get('passcode')).toHaveCount(0);
    await expect(cai.page).toHaveURL(new RegExp(`/r/${code}$`));
    await cai.get('join').click();
    await cai.isJoined();
  });

  await test.step('a link from before the change asks for the new one', async () => {
    await cai.confirm(cai.get('leave'));
    await expect(cai.get('start-room')).toBeVisible();
    await cai.page.goto(`/r/${code}#passcode=sesame`);
    await expect(cai.get('problem')).toContainText('That was not the passcode');
    await cai.get('passcode').fill('öpen #1?');
    await cai.get('join').click();
    await cai.isJoined();
  });

  await test.step('without a passcode the code is enough', async () => {
    await ada.confirm((await ada.openConsole('door')).getByTestId('remove-passcode'));
    await expect(ada.get('passcode-meaning')).toContainText('No passcode');
    const dora = await guest('Dora', { viewport: PHONE });
    await dora.join(code);
    await dora.isJoined();
    await dora.page.goto('/');
    await expect(dora.page.getByRole('link', { name: /Attic/ })).toBeVisible();
  });
});

test('room codes are validated and ignore case', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();

  await ben.page.goto('/');
  await ben.get('guest-name').fill('Ben');
  await ben.get('join-code').fill('7KM');
  await ben.get('join').click();
  await expect(ben.get('problem')).toContainText('six letters and digits');

  ben.expectConsoleErrors(/status of 404.*\/api\/v1\/rooms\/ZZZZZZ/);
  await ben.get('join-code').fill('zzzzzz');
  await ben.get('join').click();
  await expect(ben.get('problem')).toHaveText('No room has this code. Check it and try again.');
  await expect(ben.get('join-code'), 'the form stays').toHaveValue('zzzzzz');

  await ben.page.goto('/r/ZZZZZZ');
  await expect(ben.get('notice-title')).toHaveText('There is no such room');
  await expect(ben.get('join-code')).toHaveValue('ZZZZZZ');
  await ben.get('join-code').fill(` ${code.slice(0, 3).toLowerCase()}-${code.slice(3).toLowerCase()} `);
  await ben.get('join').click();
  await ben.get('guest-name').fill('Ben');
  await ben.get('join').click();
  await ben.isJoined();
  await ada.sees('Ada', 'Ben');

  await ben.page.goto('/nowhere');
  await expect(ben.get('notice-title')).toHaveText('There is nothing here');
});

test('closing a room ends it for every member, permanently', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();

  await ada.confirm((await ada.openConsole('door')).getByTestId('close-room'));
  for (const person of [ada, ben]) await expect(person.get('notice-title')).toHaveText('The room is over');
  ben.expectConsoleErrors(/status of 404.*\/api\/v1\/rooms\//);
  await ben.page.goto(`/r/${code}`);
  await expect(ben.get('notice-title')).toHaveText('There is no such room');
});

test('a member who leaves is removed at once and returns to the start page', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();
  await ada.add('First Light');
  await ben.add('Slow Orbit');
  await ada.comingUp('Slow Orbit · Ben');
  const otherTab = await ben.context.newPage();
  await otherTab.goto(`/r/${code}`);
  await expect(otherTab.getByTestId('connection-state')).toHaveAttribute('data-state', 'online');

  await ben.confirm(ben.get('leave'));
  await expect(ben.get('start-room')).toBeVisible();
  await expect(otherTab.getByTestId('notice-title')).toHaveText('You left this room');
  await ada.sees('Ada');
  await ada.comingUp();
});

test('the host can hand over the room, and the role decides which controls are shown', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await ben.join(await ada.startRoom());
  await ben.isJoined();
  await ada.add('Slow Orbit');
  await ben.nowPlaying('Slow Orbit');

  await test.step('a player cannot control playback', async () => {
    await expect(ben.get('pause')).toHaveCount(0);
    await expect(ben.get('host-console-open')).toHaveCount(0);
    await expect(ben.get('manage')).toHaveCount(0);
    await ben.looksAt(ben.get('add-track').first());
  });

  await test.step('a listener cannot add either, and sees why', async () => {
    await (await ada.manage('Ben')).getByTestId('role').selectOption('listener');
    await expect(ben.get('add-track')).toHaveCount(0);
    await ben.looksAt(ben.page.getByText('You are here as a listener'));
  });

  await test.step('a co-host controls playback', async () => {
    await (await ada.manage('Ben')).getByTestId('role').selectOption('cohost');
    await ben.get('pause').click();
    await ada.playbackIs('paused');
    const person = await ben.manage('Ada');
    await expect(person.getByTestId('console-person-queue')).toBeVisible();
    await expect(ben.get('kick')).toHaveCount(0);
    await ben.closeConsole();
  });

  await test.step('the new host has all permissions, the old one is co-host', async () => {
    await ada.confirm((await ada.manage('Ben')).getByTestId('make-host'));
    await expect(ben.member('Ben')).toHaveAttribute('data-role', 'host');
    await expect(ada.member('Ada')).toHaveAttribute('data-role', 'cohost');
    await expect(ada.get('kick')).toHaveCount(0);
    await ada.openConsole('door');
    await expect(ada.get('close-room')).toHaveCount(0);
    // Kicking a co-host needs confirmation.
    await ben.confirm((await ben.manage('Ada')).getByTestId('kick'));
    await expect(ada.get('notice-title')).toHaveText('The host removed you');
    await ben.closeConsole();
    await ben.sees('Ben');
  });
});

test('a host steers the room from the wall screen by the keys of a remote control', async ({ guest }) => {
  const ada = await guest('Ada', { viewport: { width: 1920, height: 1080 } });
  const code = await ada.startRoom();
  await ada.add('Slow Orbit');
  await ada.add('Copper Kettle');
  await ada.page.goto(`/r/${code}/screen`);
  await ada.nowPlaying('Slow Orbit');
  await ada.page.keyboard.press('Control+ArrowRight');
  await ada.page.keyboard.press('ArrowDown');
  await ada.playbackIs('paused');
  await ada.nowPlaying('Slow Orbit');
  await ada.page.keyboard.press('ArrowRight');
  await ada.nowPlaying('Copper Kettle');

  const overflow = await ada.get('now-playing').evaluate((main) => {
    main.style.setProperty('--x', '4px');
    main.style.setProperty('--y', '4px');
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = document.documentElement;
    return [scrollWidth - clientWidth, scrollHeight - clientHeight];
  });
  expect(overflow, 'moving the picture makes the page no larger').toEqual([0, 0]);
});
