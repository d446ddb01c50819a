import type { Locator } from '@playwright/test';
import { Finger, middleOf, type Point } from '../support/finger.ts';
import { type Guest, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { WireGuest } from '../support/wire.ts';

const TOUCH = { viewport: PHONE, hasTouch: true, isMobile: true };
const THREE = ['Harbour Lamps', 'Copper Kettle', 'Slow Orbit'];
const SEVEN = [...THREE, 'Rain on Tin', 'Rooftop Bicycle', 'Seven Steps Down', 'First Light'];

const rowsOf = (person: Guest): Locator => person.get('my-queue').getByTestId('queue-row');
const rowOf = (person: Guest, title: string): Locator => rowsOf(person).filter({ hasText: title });

async function queued(person: Guest, ...titles: string[]): Promise<void> {
  await expect(rowsOf(person).getByTestId('entry-title')).toHaveText(titles);
}

/** The dragged row follows the pointer. */
async function isDragged(row: Locator): Promise<void> {
  await expect(row).toHaveAttribute('data-gesture', 'drag');
}

async function nothingIsDragged(person: Guest): Promise<void> {
  await expect(person.page.locator('[data-gesture]')).toHaveCount(0);
}

/** The host's room, where playback is paused and the guest has queued these tracks. */
async function roomWith(ada: Guest, ben: Guest, titles: readonly string[]): Promise<string> {
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  for (const title of titles) await ben.add(title);
  await queued(ben, ...titles);
  return code;
}

/** Where a dragged row lands at the place of `row`, coming from above or below. */
async function landingAt(row: Locator, comesFrom: 'above' | 'below'): Promise<Point> {
  const { x, y } = await middleOf(row);
  return { x, y: y + (comesFrom === 'above' ? 6 : -6) };
}

test('a mouse drags over several places, and may be released outside of the list', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.pausedRoom();
  for (const title of SEVEN) await ada.add(title);
  const handle = await middleOf(rowOf(ada, 'First Light').getByTestId('drag'));
  const { y } = await landingAt(rowsOf(ada).first(), 'below');

  await ada.page.mouse.move(handle.x, handle.y);
  await ada.page.mouse.down();
  await isDragged(rowOf(ada, 'First Light'));
  // Slowly over each place, and out of the list.
  await ada.page.mouse.move(handle.x, y, { steps: 30 });
  await ada.page.mouse.move(3, y);
  await ada.page.mouse.up();

  await nothingIsDragged(ada);
  await queued(ada, 'First Light', ...SEVEN.slice(0, 6));
  const down = await middleOf(rowOf(ada, 'First Light').getByTestId('drag'));
  const end = await landingAt(rowsOf(ada).last(), 'above');
  await ada.page.mouse.move(down.x, down.y);
  await ada.page.mouse.down();
  await ada.page.mouse.move(down.x, end.y, { steps: 30 });
  await ada.page.mouse.move(3, end.y + 60);
  await ada.page.mouse.up();
  await queued(ada, ...SEVEN);
  await rowOf(ada, 'First Light').getByTestId('move-up').click();
  await queued(ada, ...SEVEN.slice(0, 5), 'First Light', 'Seven Steps Down');
  await expect(ada.get('moved')).toHaveText('“First Light” is now 6 of 7.');
  // The list shows what happens next.
  await rowOf(ada, 'Slow Orbit').getByTestId('remove-entry').click();
  const left = [...SEVEN.slice(0, 5), 'First Light', 'Seven Steps Down'].filter((title) => title !== 'Slow Orbit');
  await queued(ada, ...left);
  await ada.page.reload();
  await queued(ada, ...left);
});

test('Escape and a lost touch leave the order as it was', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', TOUCH);
  await roomWith(ada, ben, THREE);

  const finger = await Finger.on(ben.page);
  await finger.down(await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('drag')));
  await finger.by(0, -70);
  await isDragged(rowOf(ben, 'Slow Orbit'));
  await finger.cancel();
  await nothingIsDragged(ben);
  await queued(ben, ...THREE);

  const handle = await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('drag'));
  await ben.page.mouse.move(handle.x, handle.y);
  await ben.page.mouse.down();
  await ben.page.mouse.move(handle.x, handle.y - 100, { steps: 5 });
  await isDragged(rowOf(ben, 'Slow Orbit'));
  await ben.page.keyboard.press('Escape');
  await nothingIsDragged(ben);
  await ben.page.mouse.up();
  await queued(ben, ...THREE);
  await ada.comingUp(...THREE.map((title) => `${title} · Ben`));
});

test('a finger drags by the handle or after a long press, scrolls, and swipes to remove', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', TOUCH);
  await roomWith(ada, ben, THREE);
  const finger = await Finger.on(ben.page);

  await test.step('the handle drags at once', async () => {
    await finger.down(await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('drag')));
    await finger.move(await landingAt(rowOf(ben, 'Harbour Lamps'), 'below'));
    await isDragged(rowOf(ben, 'Slow Orbit'));
    await finger.up();
    await queued(ben, 'Slow Orbit', 'Harbour Lamps', 'Copper Kettle');
  });

  await test.step('a long press on the row picks it up', async () => {
    await finger.down(await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('entry-title')));
    await isDragged(rowOf(ben, 'Slow Orbit'));
    await finger.move(await landingAt(rowOf(ben, 'Harbour Lamps'), 'above'));
    await finger.up();
    await nothingIsDragged(ben);
    await queued(ben, 'Harbour Lamps', 'Slow Orbit', 'Copper Kettle');
  });

  await test.step('a quick movement along the list scrolls', async () => {
    // So small that three rows do not fit.
    await ben.page.setViewportSize({ width: PHONE.width, height: 440 });
    const title = rowOf(ben, 'Slow Orbit').getByTestId('entry-title');
    const from = await middleOf(title);
    await finger.down(from);
    await finger.by(0, -120);
    await finger.up();
    await expect.poll(async () => (await title.boundingBox())!.y).toBeLessThan(from.y - 60);
    await queued(ben, 'Harbour Lamps', 'Slow Orbit', 'Copper Kettle');
    await ben.page.setViewportSize(PHONE);
  });

  await test.step('a short swipe changes nothing, a long one removes, and Undo puts the track back', async () => {
    await finger.down(await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('entry-title')));
    await finger.by(40, 0);
    await expect(rowOf(ben, 'Slow Orbit')).toHaveAttribute('data-gesture', 'swipe');
    await finger.up();
    await nothingIsDragged(ben);
    await queued(ben, 'Harbour Lamps', 'Slow Orbit', 'Copper Kettle');

    await finger.down(await middleOf(rowOf(ben, 'Slow Orbit').getByTestId('entry-title')));
    await finger.by(170, 4);
    await finger.up();
    await queued(ben, 'Harbour Lamps', 'Copper Kettle');
    await ada.comingUp('Harbour Lamps · Ben', 'Copper Kettle · Ben');
    await expect(ben.get('toast')).toHaveText('Removed “Slow Orbit”.');
    await ben.get('undo-last').click();
    await queued(ben, 'Harbour Lamps', 'Slow Orbit', 'Copper Kettle');
    await ada.comingUp('Harbour Lamps · Ben', 'Slow Orbit · Ben', 'Copper Kettle · Ben');
  });
});

test('a row at the edge of the screen scrolls the list on', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { ...TOUCH, viewport: { width: 360, height: 480 } });
  await roomWith(ada, ben, SEVEN);
  const finger = await Finger.on(ben.page);
  const { x, y } = await middleOf(rowsOf(ben).first().getByTestId('drag'));
  await finger.down({ x, y });
  await finger.move({ x, y: 476 });
  await expect
    .poll(async () => (await rowOf(ben, 'First Light').boundingBox())!.y, { message: 'the last row comes into view' })
    .toBeLessThan(400);
  await finger.up();
  await queued(ben, ...SEVEN.slice(1), SEVEN[0]!);
});

test('the queue changes under a dragged row', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await roomWith(ada, ben, SEVEN.slice(0, 6));
  const removes = (title: string) =>
    ada.get('upcoming-entry').filter({ hasText: title }).getByTestId('remove-entry').click();
  const pickUp = async (title: string) => {
    const { x, y } = await middleOf(rowOf(ben, title).getByTestId('drag'));
    await ben.page.mouse.move(x, y);
    await ben.page.mouse.down();
    await ben.page.mouse.move(x, y - 10, { steps: 3 });
    await isDragged(rowOf(ben, title));
    return x;
  };

  await test.step('another entry is removed: the row lands where it is released', async () => {
    const x = await pickUp('Seven Steps Down');
    await removes('Copper Kettle');
    await expect(rowOf(ben, 'Copper Kettle')).toHaveCount(0);
    await isDragged(rowOf(ben, 'Seven Steps Down'));
    const { y } = await landingAt(rowOf(ben, 'Slow Orbit'), 'below');
    await ben.page.mouse.move(x, y, { steps: 5 });
    await ben.page.mouse.up();
    await queued(ben, 'Harbour Lamps', 'Seven Steps Down', 'Slow Orbit', 'Rain on Tin', 'Rooftop Bicycle');
  });

  await test.step('the dragged entry is removed: the drag ends', async () => {
    await pickUp('Rain on Tin');
    await removes('Rain on Tin');
    await expect(rowOf(ben, 'Rain on Tin')).toHaveCount(0);
    await nothingIsDragged(ben);
    await ben.page.mouse.up();
    await queued(ben, 'Harbour Lamps', 'Seven Steps Down', 'Slow Orbit', 'Rooftop Bicycle');
  });

  await test.step('the dragged entry starts to play: the drag ends', async () => {
    await pickUp('Harbour Lamps');
    await ada.get('skip').click();
    await ben.nowPlaying('Harbour Lamps');
    await nothingIsDragged(ben);
    await ben.page.mouse.up();
    await queued(ben, 'Seven Steps Down', 'Slow Orbit', 'Rooftop Bicycle');
  });
});

test('forty quick reorders against a live queue lose nothing', async ({ guest, server, flakyProxy }) => {
  test.setTimeout(300_000);
  const ada = await guest('Ada', { flakyProxy, viewport: { width: 1440, height: 1600 }, reducedMotion: 'reduce' });
  const code = await ada.pausedRoom();
  const cai = await WireGuest.of(server.url, 'Cai');
  const room = await cai.enter(code);
  for (const title of SEVEN) await ada.add(title);
  await queued(ada, ...SEVEN);
  const tracks = await Promise.all(THREE.map((title) => cai.find(title)));

  const order = [...SEVEN];
  for (let count = 0; count < 40; count += 1) {
    const { entry } = await cai.does({ name: 'enqueue', track: tracks[count % tracks.length]! });
    if (count % 3 > 0) await cai.does({ name: 'dequeue', entry: entry! });
    // The first half has no answer until all of it is done.
    if (count === 0) flakyProxy.stall();
    if (count === 20) flakyProxy.restore();
    const from = (count * 5) % order.length;
    const title = order[from]!;
    const isUp = count % 2 === 0 ? from > 0 : from === order.length - 1;
    const to = count % 4 < 2 ? from + (isUp ? -1 : 1) : (from + 3 + (count % 3)) % order.length;
    if (count % 4 < 2) {
      await rowOf(ada, title)
        .getByTestId(isUp ? 'move-up' : 'move-down')
        .click();
    } else {
      const { x, y } = await middleOf(rowOf(ada, title).getByTestId('drag'));
      const landing = await landingAt(rowOf(ada, order[to]!), to > from ? 'above' : 'below');
      await ada.page.mouse.move(x, y);
      await ada.page.mouse.down();
      await ada.page.mouse.move(x, landing.y, { steps: 4 });
      await ada.page.mouse.up();
    }
    order.splice(to, 0, ...order.splice(from, 1));
    // The page shows the result at once.
    expect(await rowsOf(ada).getByTestId('entry-title').allTextContents(), `after reorder ${count + 1}`).toEqual(order);
  }

  await ada.connectionIs('online');
  const host = room.members.find((member) => member.name === 'Ada')!.id;
  await expect.poll(() => cai.upcomingOf(host)).toEqual(order);
  await queued(ada, ...order);
  await ada.page.reload();
  await queued(ada, ...order);
});

test('a refused reorder returns to the order of the room', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { flakyProxy });
  await roomWith(ada, ben, THREE);
  flakyProxy.stall();
  await rowOf(ben, 'Slow Orbit').getByTestId('move-up').click();
  await queued(ben, 'Harbour Lamps', 'Slow Orbit', 'Copper Kettle');
  await ada.get('upcoming-entry').filter({ hasText: 'Copper Kettle' }).getByTestId('remove-entry').click();
  await ada.comingUp('Harbour Lamps · Ben', 'Slow Orbit · Ben');
  flakyProxy.restore();
  await expect(ben.get('toast')).toHaveText('This track is no longer in the queue.');
  await queued(ben, 'Harbour Lamps', 'Slow Orbit');
});

test('the host drags in the whole order of play while it changes', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const code = await ada.pausedRoom();
  const cai = await WireGuest.of(server.url, 'Cai');
  await cai.enter(code);
  for (const title of THREE) await ada.add(title);
  await ada.openConsole('order');
  await ada.get('policy-host').check();
  await ada.get('apply-policy').click();
  const rows = ada.get('lineup-entry');
  const titles = rows.getByTestId('entry-title');
  await expect(titles).toHaveText(THREE);

  const { x, y } = await middleOf(rows.last().getByTestId('drag'));
  await ada.page.mouse.move(x, y);
  await ada.page.mouse.down();
  await ada.page.mouse.move(x, y - 12, { steps: 3 });
  await isDragged(rows.filter({ hasText: 'Slow Orbit' }));
  await cai.does({ name: 'enqueue', track: await cai.find('Rain on Tin') });
  await expect(titles).toHaveText([...THREE, 'Rain on Tin']);
  const first = await landingAt(rows.first(), 'below');
  await ada.page.mouse.move(x, first.y, { steps: 12 });
  await ada.page.mouse.move(2, first.y);
  await ada.page.mouse.up();
  await expect(titles).toHaveText(['Slow Orbit', 'Harbour Lamps', 'Copper Kettle', 'Rain on Tin']);
  await cai.comingUp('Slow Orbit', 'Harbour Lamps', 'Copper Kettle', 'Rain on Tin');

  await test.step('Escape ends the drag and leaves the console open', async () => {
    const handle = await middleOf(rows.last().getByTestId('drag'));
    await ada.page.mouse.move(handle.x, handle.y);
    await ada.page.mouse.down();
    await ada.page.mouse.move(handle.x, first.y, { steps: 5 });
    await isDragged(rows.filter({ hasText: 'Rain on Tin' }));
    await ada.page.keyboard.press('Escape');
    await ada.page.mouse.up();
    await expect(ada.get('host-console')).toBeVisible();
    await expect(titles).toHaveText(['Slow Orbit', 'Harbour Lamps', 'Copper Kettle', 'Rain on Tin']);
  });
});
