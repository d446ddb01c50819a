import { PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { WireGuest } from '../support/wire.ts';

test('two browsers and a wire client see every action of the host', async ({ guest, server }) => {
  test.setTimeout(180_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, hasTouch: true, isMobile: true });
  const cai = await WireGuest.of(server.url, 'Cai');
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  const room = await cai.enter(code);
  const idOf = (name: string) => room.members.find((member) => member.name === name)?.id ?? '';
  await ada.sees('Ada', 'Ben', 'Cai');

  await test.step('all members queue tracks', async () => {
    await ada.add('Harbour Lamps');
    await ada.add('Copper Kettle');
    await ben.add('Slow Orbit');
    await cai.does({ name: 'enqueue', track: await cai.find('Rain on Tin') });
    await cai.comingUp('Slow Orbit', 'Rain on Tin', 'Harbour Lamps', 'Copper Kettle');
  });

  await test.step('Ben is promoted and can control playback', async () => {
    await (await ada.manage('Ben')).getByTestId('role').selectOption('cohost');
    await cai.hears('role_changed', ({ member, role }) => member === idOf('Ben') && role === 'cohost');
    await ben.looksAt(ben.get('resume'));
    await expect(ben.member('Ben')).toHaveAttribute('data-role', 'cohost');
  });

  await test.step('Ben is demoted to listener: his queue is held and the others’ order is unchanged', async () => {
    await (await ada.manage('Ben')).getByTestId('role').selectOption('listener');
    await expect(ben.get('resume')).toHaveCount(0);
    await cai.comingUp('Rain on Tin', 'Harbour Lamps', 'Copper Kettle');
    await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit']);
    await ben.looksAt(ben.get('queue-state'));
    await (await ada.manage('Ben')).getByTestId('role').selectOption('player');
    await cai.comingUp('Slow Orbit', 'Rain on Tin', 'Harbour Lamps', 'Copper Kettle');
  });

  await test.step('the host previews another policy and applies it for all members', async () => {
    await ada.openConsole('order');
    await ada.get('policy-fifo').check();
    const previewed = ada.get('preview-entry').getByTestId('entry-title');
    await expect(previewed).toHaveText(['Harbour Lamps', 'Copper Kettle', 'Slow Orbit', 'Rain on Tin']);
    await cai.comingUp('Slow Orbit', 'Rain on Tin', 'Harbour Lamps', 'Copper Kettle');
    await ada.get('apply-policy').click();
    await cai.comingUp('Harbour Lamps', 'Copper Kettle', 'Slow Orbit', 'Rain on Tin');
    await ben.comingUp('Harbour Lamps · Ada', 'Copper Kettle · Ada', 'Slow Orbit · You', 'Rain on Tin · Cai');
    await ben.looksAt(ben.get('policy'));
    await ada.closeConsole();
  });

  await test.step('a vote to skip needs a share of the present members', async () => {
    const reply = await cai.does({ name: 'vote_skip' });
    expect(reply.ok).toBe(true);
    const voted = await cai.hears('skip_voted', ({ member }) => member === cai.id);
    expect([voted.votes, voted.needed]).toEqual([1, 2]);
    await expect(ada.get('vote-skip-count')).toHaveAttribute('data-votes', '1');
    await ben.get('vote-skip').click();
    for (const person of [ada, ben]) await person.nowPlaying('Harbour Lamps');
    await cai.hears('entry_ended', ({ reason }) => reason === 'voted_out');
  });

  await test.step('a removed entry is restored by undo', async () => {
    await (await ada.manage('Cai')).getByTestId('kick').click();
    expect(await cai.closeCode()).toBe(4504);
    await ben.sees('Ada', 'Ben');
    await ben.comingUp('Copper Kettle · Ada', 'Slow Orbit · You');
    await ada.get('undo-last').click();
    await ben.sees('Ada', 'Ben', 'Cai');
    await ben.comingUp('Copper Kettle · Ada', 'Slow Orbit · You', 'Rain on Tin · Cai');
    await cai.enter(code);
    await cai.comingUp('Copper Kettle', 'Slow Orbit', 'Rain on Tin');
  });

  await test.step('a banned member cannot rejoin; after the unban their queue is still there', async () => {
    await ada.confirm((await ada.manage('Cai')).getByTestId('ban'));
    expect(await cai.closeCode()).toBe(4503);
    cai.connect(code);
    expect(await cai.closeCode()).toBe(4503);
    await ben.sees('Ada', 'Ben');
    await ada.get('unban').click();
    await cai.enter(code);
    await cai.comingUp('Copper Kettle', 'Slow Orbit');
    await cai.does({ name: 'resume_queue' });
    await ben.comingUp('Copper Kettle · Ada', 'Slow Orbit · You', 'Rain on Tin · Cai');
  });

  await test.step('the log says who did what', async () => {
    await ada.openConsole('log');
    const deeds = () =>
      ada.get('audit-entry').evaluateAll((entries) => entries.map((entry) => entry.getAttribute('data-deed')));
    // The log is loaded when its tab opens.
    await expect.poll(async () => (await deeds()).slice(0, 4)).toEqual(['unban', 'ban', 'undo', 'kick']);
    await ada.closeConsole();
  });
});

test('the host admits or rejects a guest in the lobby', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const eve = await guest('Eve', { viewport: PHONE });
  const code = await ada.startRoom();
  await ada.openConsole('door');
  await ada.get('admission-lobby').check();

  await ben.join(code);
  await expect(ben.get('waiting-room')).toBeVisible();
  await eve.join(code);
  await expect(eve.get('waiting-room')).toBeVisible();
  const waiting = (name: string) => ada.get('lobby-person').filter({ hasText: name });
  await waiting('Ben').getByTestId('admit').click();
  await ben.isJoined();
  await waiting('Eve').getByTestId('deny').click();
  await expect(eve.get('notice-title')).toHaveText('You were not let in this time');
  await ada.closeConsole();
  await ada.sees('Ada', 'Ben');
});

test('a command that has just become forbidden shows an error message', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { flakyProxy });
  await ben.join(await ada.pausedRoom());
  await ben.isJoined();
  await ben.get('search').fill('slow orbit');
  await expect(ben.get('search-result').first()).toContainText('Slow Orbit');

  // His connection stalls: he receives nothing, and his commands are sent later.
  flakyProxy.stall();
  await (await ada.manage('Ben')).getByTestId('exceptions').locator('summary').click();
  await ada.get('exception-queue').selectOption('may_not');
  await ben.result('Slow Orbit').getByTestId('add-track').click();
  flakyProxy.restore();
  await expect(ben.get('toast').filter({ hasText: 'The host doesn’t allow you to add tracks.' })).toBeVisible();
  await expect(ben.get('add-track')).toHaveCount(0);
  await expect(ada.get('upcoming-entry')).toHaveCount(0);
});

test('votes order the queue, and the vote of a member who leaves still counts', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  await ada.openConsole('order');
  await ada.get('policy-votes').check();
  await ada.get('apply-policy').click();
  await ada.closeConsole();
  await ada.add('Harbour Lamps');
  await ada.add('Copper Kettle');
  const last = ben.get('upcoming-entry').filter({ hasText: 'Copper Kettle' });
  await last.getByTestId('vote-up').click();
  await ada.comingUp('Copper Kettle · You', 'Harbour Lamps · You');
  await expect(last.getByTestId('vote-up')).toHaveAttribute('aria-pressed', 'true');
  await ben.page.reload();
  await ben.isJoined();
  await expect(last.getByTestId('vote-up')).toHaveAttribute('aria-pressed', 'true');
  await ben.confirm(ben.get('leave'));
  await ada.sees('Ada');
  await ada.comingUp('Copper Kettle · You', 'Harbour Lamps · You');
});

test('suggestions need approval, and a member can pause their own queue', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  await ada.openConsole('limits');
  await ada.get('setting-suggestions').check();
  await ada.get('apply-limits').click();
  await ben.add('Slow Orbit');
  await expect(ben.get('suggestion').getByTestId('entry-title')).toHaveText(['Slow Orbit']);
  await ada.openConsole('suggestions');
  await ada.get('suggestion-waiting').getByTestId('approve').click();
  await ben.comingUp('Slow Orbit · You');
  await expect(ben.get('suggestion')).toHaveCount(0);

  await ben.get('pause-queue').click();
  await ada.comingUp();
  await ben.page.reload();
  await ben.isJoined();
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit']);
  await ben.get('resume-queue').click();
  await ada.comingUp('Slow Orbit · Ben');
  await ada.closeConsole();
});

test('a track from the history can be queued again', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await ben.join(await ada.startRoom());
  await ben.isJoined();
  await ada.add('First Light');
  await ada.nowPlaying('First Light');
  await ada.get('skip').click();
  await ada.playbackIs('idle');
  await ben.get('history-open').click();
  const played = ben.get('history-entry');
  await expect(played.getByTestId('entry-title')).toHaveText(['First Light']);
  await expect(played.getByTestId('history-facts')).toContainText('Ada');
  await played.getByTestId('play-again').click();
  await ada.nowPlaying('First Light');
  await expect(ada.get('now-playing')).toContainText('Ben');
});
