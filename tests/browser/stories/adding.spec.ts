import type { Locator } from '@playwright/test';
import { type Guest, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

const titlesOf = (person: Guest): Locator => person.get('my-queue').getByTestId('entry-title');
const markOf = (person: Guest, title: string): Locator => person.result(title).getByTestId('queued-mark');

test('an added track is marked with its place, and added again only by choice', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.pausedRoom();
  await expect(markOf(ada, 'First Light')).toHaveText('Playing now');
  await ada.add('Harbour Lamps');
  await ada.add('Slow Orbit');
  await expect(markOf(ada, 'Slow Orbit')).toHaveText('In your queue, #2');
  const result = ada.result('Slow Orbit');
  await expect(result.getByTestId('add-track')).toHaveCount(0);

  await test.step('a second tap asks', async () => {
    await result.getByTestId('track-added').click();
    await expect(titlesOf(ada)).toHaveText(['Harbour Lamps', 'Slow Orbit']);
    await result.getByTestId('add-again').click();
    await expect(titlesOf(ada)).toHaveText(['Harbour Lamps', 'Slow Orbit', 'Slow Orbit']);
    await expect(result.getByTestId('add-again')).toHaveCount(0);
  });

  await test.step('the mark follows the queue', async () => {
    await ada.get('my-queue').getByTestId('remove-entry').first().click();
    await expect(markOf(ada, 'Slow Orbit')).toHaveText('In your queue, #1');
    await expect(ada.result('Harbour Lamps').getByTestId('add-track')).toBeVisible();
  });
});

test('tracks of others are marked, and the room’s setting about duplicates decides', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  await ben.add('Harbour Lamps');
  await ada.add('Slow Orbit');
  const bens = ada.result('Harbour Lamps');
  await expect(bens.getByTestId('queued-mark')).toHaveText('Ben queued it');
  await expect(bens.getByTestId('add-track')).toBeVisible();

  const duplicates = async (how: string) => {
    await ada.openConsole('limits');
    await ada.get('setting-duplicates').selectOption(how);
    await ada.get('apply-limits').click();
    await ada.closeConsole();
  };
  await duplicates('refuse');
  await expect(bens.getByTestId('add-track')).toHaveCount(0);
  await expect(ada.result('Slow Orbit').getByTestId('track-added')).toBeVisible();
  await expect(ada.result('Slow Orbit').getByRole('button')).toHaveAttribute('aria-disabled', 'true');

  await duplicates('credit');
  await bens.getByTestId('add-track').click();
  await expect(bens.getByTestId('queued-mark')).toHaveText('Ben queued it, for you too');
  await expect(bens.getByTestId('add-track')).toHaveCount(0);
});

test('an add without a connection is shown at its row and sent later', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, flakyProxy });
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  ben.expectNoNetwork();
  await ben.get('search').focus();
  await expect(ben.result('Copper Kettle')).toBeVisible();

  flakyProxy.cut();
  await ben.connectionIs('reconnecting');
  const result = ben.result('Copper Kettle');
  await result.getByTestId('add-track').click();
  await expect(result.getByTestId('add-pending')).toBeVisible();
  await expect(result.getByTestId('queued-mark')).toHaveText('Added when you are back online');
  await expect(result.getByTestId('add-track')).toHaveCount(0);

  flakyProxy.restore();
  await ben.connectionIs('online');
  await expect(result.getByTestId('track-added')).toBeVisible();
  await expect(result.getByTestId('queued-mark')).toHaveText('In your queue, #1');
  await ada.comingUp('Copper Kettle · Ben');
});

test('a starter and the history show an add without a connection, and a failed search is asked again', async ({
  guest,
  flakyProxy,
}) => {
  const ada = await guest('Ada', { flakyProxy });
  await ada.startRoom();
  ada.expectNoNetwork();
  const starter = ada.get('starter').first();
  await expect(starter).toBeVisible();
  flakyProxy.cut();
  await ada.connectionIs('reconnecting');
  await starter.click();
  await expect(starter).toContainText('Added when you are back online');
  await expect(starter).toBeDisabled();
  await ada.get('search').fill('copper');
  await expect(ada.get('search-problem')).toBeVisible();
  await expect(ada.get('search-result')).toHaveCount(0);
  flakyProxy.restore();
  await ada.connectionIs('online');
  await ada.playbackIs('playing');
  await expect(ada.result('Copper Kettle')).toBeVisible();

  await ada.get('skip').click();
  await ada.get('history-open').click();
  const played = ada.get('history-entry').first();
  await expect(played).toBeVisible();
  flakyProxy.cut();
  await ada.connectionIs('reconnecting');
  await played.getByTestId('play-again').click();
  await expect(played).toContainText('Added when you are back online');
  await expect(played.getByTestId('play-again')).toBeDisabled();
});

test('a slow search dims its earlier results, and a failed one removes them', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.startRoom();
  await ada.get('search').fill('slow');
  await expect(ada.result('Slow Orbit').getByTestId('add-track')).toBeEnabled();

  let answers = () => {};
  const slow = new Promise<void>((resolve) => {
    answers = resolve;
  });
  await ada.page.route(/search.*harbour/, async (route) => {
    await slow;
    await route.continue();
  });
  await ada.get('search').fill('harbour');
  await expect(ada.result('Slow Orbit')).toHaveAttribute('inert');
  await expect(ada.get('searching')).toBeVisible();
  answers();
  await expect(ada.result('Harbour Lamps')).not.toHaveAttribute('inert');
  await expect(ada.result('Slow Orbit')).toHaveCount(0);

  ada.expectNoNetwork();
  await ada.page.route(/search.*copper/, (route) => route.abort());
  await ada.get('search').fill('copper');
  await expect(ada.get('search-problem')).toBeVisible();
  await expect(ada.get('search-result')).toHaveCount(0);
  await ada.page.unrouteAll();
  await ada.get('search-retry').click();
  await expect(ada.result('Copper Kettle')).toBeVisible();
  await expect(ada.get('search-problem')).toHaveCount(0);
});

test('removed tracks return to their places', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.pausedRoom();
  const order = ['Harbour Lamps', 'Slow Orbit', 'Copper Kettle', 'Rain on Tin'];
  for (const title of order) await ada.add(title);
  await expect(titlesOf(ada)).toHaveText(order);
  const remove = (title: string) =>
    ada.get('my-queue').getByTestId('queue-row').filter({ hasText: title }).getByTestId('remove-entry').click();

  await remove('Copper Kettle');
  await remove('Slow Orbit');
  await expect(titlesOf(ada)).toHaveText(['Harbour Lamps', 'Rain on Tin']);
  // One message at a time: the latest first.
  await expect(ada.get('toast')).toHaveText(['Removed “Slow Orbit”.']);
  await ada.get('undo-last').click();
  await expect(titlesOf(ada)).toHaveText(['Harbour Lamps', 'Slow Orbit', 'Rain on Tin']);
  await expect(ada.get('toast')).toHaveText(['Removed “Copper Kettle”.']);
  await ada.get('undo-last').click();
  await expect(titlesOf(ada)).toHaveText(order);
  await expect(ada.get('toast')).toHaveCount(0);
  await ada.comingUp(...order.map((title) => `${title} · You`));
});

test('messages are shown one at a time and leave the list in view', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.pausedRoom();
  for (const title of ['Harbour Lamps', 'Slow Orbit', 'Copper Kettle']) await ada.add(title);
  const rows = ada.get('my-queue').getByTestId('queue-row');
  for (const _ of [1, 2]) await rows.first().getByTestId('remove-entry').click();
  await expect(ada.get('toast')).toHaveCount(1);
  const toast = (await ada.get('toast').boundingBox())!;
  const list = (await ada.get('my-queue').boundingBox())!;
  expect(toast.x + toast.width).toBeLessThan(list.x);
  await ada.get('toast').click();
  await expect(ada.get('toast')).toHaveText(['Removed “Harbour Lamps”.']);
  await ada.get('toast').click();
  await expect(ada.get('toast')).toHaveCount(0);
});
