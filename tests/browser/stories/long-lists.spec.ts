import type { Locator, Page } from '@playwright/test';
import { PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { WireGuest } from '../support/wire.ts';

const ON_A_PHONE = { viewport: PHONE, hasTouch: true, isMobile: true };
/** Rows that fit on a phone, with those around them. */
const ROWS_MAX = 80;
/** Tracks of one command. */
const BATCH = 100;

/** Queues `count` tracks, as few commands as possible. */
async function queues(member: WireGuest, count: number): Promise<void> {
  const titles = ['Harbour Lamps', 'Copper Kettle', 'Slow Orbit', 'Rain on Tin', 'Rooftop Bicycle'];
  const found = await Promise.all(titles.map((title) => member.find(title)));
  const tracks = Array.from({ length: BATCH }, (_, index) => found[index % found.length]!);
  for (let sent = 0; sent < count; sent += BATCH)
    await member.does({ name: 'enqueue_all', tracks: tracks.slice(0, count - sent) });
}

/** Scrolls a list to its end in `frames` frames, and returns how long each took: milliseconds. */
async function scrollThrough(list: Locator, frames: number): Promise<number[]> {
  return list.evaluate(async (element, count) => {
    let scroller: Element | null = element.parentElement;
    while (scroller !== null && scroller.scrollHeight <= scroller.clientHeight + 1) scroller = scroller.parentElement;
    const box = scroller ?? document.documentElement;
    const times: number[] = [];
    for (let frame = 1; frame <= count; frame += 1) {
      const from = performance.now();
      box.scrollTop = ((box.scrollHeight - box.clientHeight) * frame) / count;
      await new Promise(requestAnimationFrame);
      times.push(performance.now() - from);
    }
    box.scrollTop = box.scrollHeight;
    return times;
  }, frames);
}

/** How long each frame of a page took while something was done, in milliseconds. */
async function frameTimes(page: Page, work: () => Promise<void>): Promise<number[]> {
  const recording = await page.evaluateHandle(() => {
    const times: number[] = [];
    let last = performance.now();
    const stopped = { times, on: true };
    const next = () => {
      const now = performance.now();
      times.push(now - last);
      last = now;
      if (stopped.on) requestAnimationFrame(next);
    };
    requestAnimationFrame(next);
    return stopped;
  });
  await work();
  return recording.evaluate((stopped) => {
    stopped.on = false;
    return stopped.times;
  });
}

function report(what: string, times: readonly number[]): void {
  const sorted = [...times].sort((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor((sorted.length - 1) * share)]!.toFixed(1);
  console.log(`${what}: ${times.length} frames, median ${at(0.5)} ms, p95 ${at(0.95)} ms, longest ${at(1)} ms`);
}

/** The rows that exist, of a list that says how long it is. */
async function rowsIn(list: Locator): Promise<{ count: number; setSize: number; places: number[] }> {
  return list.locator(':scope > li').evaluateAll((rows) => ({
    count: rows.length,
    setSize: Number(rows[0]?.getAttribute('aria-setsize') ?? rows.length),
    places: rows.map((row) => Number(row.getAttribute('aria-posinset'))),
  }));
}

const settledFrames = (page: Page) =>
  page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));

test('a phone scrolls through queues of 5,000 tracks, of which few rows exist', async ({ guest, server }) => {
  test.setTimeout(240_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben', ON_A_PHONE);
  const code = await ada.pausedRoom();
  await ben.join(code);
  await ben.isJoined();
  const others = await Promise.all(
    Array.from({ length: 5 }, (_, index) => WireGuest.of(server.url, `Guest ${index + 1}`)),
  );
  for (const other of others) {
    await other.enter(code);
    await queues(other, 980);
  }
  const cai = await WireGuest.of(server.url, 'Cai');
  await cai.enter(code);
  await queues(cai, 200);

  await test.step('the room’s queue', async () => {
    await ben.get('view-next').click();
    const list = ben.page.locator('#all-queues').getByRole('list');
    await expect(ben.page.locator('#all-queues')).toContainText('and 5,000 more');
    const before = await rowsIn(list);
    expect(before.count).toBeLessThanOrEqual(ROWS_MAX);
    expect(before.setSize).toBe(5_100);
    expect(before.places.slice(0, 3)).toEqual([1, 2, 3]);
    report('queue of the room', await scrollThrough(list, 60));
    await expect(list.locator('[aria-posinset="100"]')).toBeInViewport();
    expect((await rowsIn(list)).count).toBeLessThanOrEqual(ROWS_MAX);
  });

  await test.step('an open reason keeps its height and stays open while it is out of view', async () => {
    const view = ben.page.locator('#next');
    await view.evaluate((box) => box.scrollTo(0, 0));
    const second = ben.page.locator('#all-queues [aria-posinset="2"]');
    await second.locator('summary').click();
    await expect(second.getByTestId('entry-reason')).toBeVisible();
    const height = await view.evaluate((box) => box.scrollHeight);
    await ben.page.locator('#all-queues [aria-posinset="1"] summary').focus();
    await view.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await expect(second).toHaveCount(0);
    // The row that has the focus stays.
    await expect(ben.page.locator('#all-queues [aria-posinset="1"] summary')).toBeFocused();
    expect(Math.abs((await view.evaluate((box) => box.scrollHeight)) - height)).toBeLessThan(4);
    await view.evaluate((box) => box.scrollTo(0, 0));
    await expect(second.getByTestId('entry-reason')).toBeVisible();
  });
});

test('one’s own queue of 200 tracks is sorted by dragging, by buttons and by swiping', async ({ guest, server }) => {
  test.setTimeout(240_000);
  const ada = await guest('Ada', { reducedMotion: 'reduce' });
  const code = await ada.pausedRoom();
  const cai = await WireGuest.of(server.url, 'Cai');
  await cai.enter(code);
  await ada.get('browse-albums').click();
  await ada.get('browse-item').first().click();
  for (let album = 1; album <= 15; album += 1) {
    await ada.get('add-all').click();
    await ada.page.getByText('7 tracks were added.').first().waitFor();
    await expect(ada.get('view-own-queue')).toContainText(String(album * 7));
  }
  await ada.get('view-own-queue').click();
  const list = ada.get('my-queue');
  const first = list.locator('[aria-posinset="1"]');
  const last = list.locator('[aria-posinset="105"]');
  const before = await rowsIn(list);
  expect(before.count).toBeLessThanOrEqual(ROWS_MAX);
  const title = await first.getByTestId('entry-title').innerText();
  const entry = await first.getByTestId('queue-row').getAttribute('data-row');

  await test.step('the first row is dragged to the end, over rows that did not exist before', async () => {
    const handle = (await first.getByTestId('drag').boundingBox())!;
    const view = (await ada.page.locator('#next').boundingBox())!;
    await ada.page.mouse.move(handle.x + 5, handle.y + 5);
    await ada.page.mouse.down();
    await ada.page.mouse.move(handle.x + 5, view.y + view.height - 4, { steps: 5 });
    await expect
      .poll(() => ada.page.locator('#next').evaluate((box) => box.scrollHeight - box.clientHeight - box.scrollTop))
      .toBeLessThan(1);
    await settledFrames(ada.page);
    await ada.page.mouse.up();
    await expect(ada.get('moved')).toHaveText(`“${title}” is now 105 of 105.`);
    await expect(last.getByTestId('queue-row')).toHaveAttribute('data-row', entry!);
  });

  await test.step('the focus follows a row that moves by buttons', async () => {
    await last.getByTestId('move-up').press('Enter');
    await ada.page.keyboard.press('Enter');
    await expect(list.locator('[aria-posinset="103"]').getByTestId('move-up')).toBeFocused();
    await expect(ada.get('moved')).toHaveText(`“${title}” is now 103 of 105.`);
  });

  await test.step('the focus of a removed row goes to the one at its place', async () => {
    await list.locator('[aria-posinset="103"]').getByTestId('remove-entry').press('Enter');
    await expect(list.locator('[data-row]').first()).toBeAttached();
    await expect(list.locator('[aria-posinset="103"][aria-setsize="104"]').getByTestId('remove-entry')).toBeFocused();
  });
});

/** Adds members to what the server tells this page about the room, each with a device that plays. */
async function crowd(page: Page, count: number): Promise<void> {
  const ids = Array.from({ length: count }, (_, index) => `00000000-0000-4000-8000-${String(index).padStart(12, '0')}`);
  await page.routeWebSocket(/\/ws\?/, (socket) => {
    const server = socket.connectToServer();
    socket.onMessage((message) => server.send(message));
    server.onMessage((message) => {
      const frame = JSON.parse(String(message));
      if (frame.type === 'snapshot') {
        const more = ids.map((id, index) => ({
          id,
          name: `Guest ${index}`,
          role: 'player',
          kind: 'guest',
          away: false,
        }));
        frame.room.members.push(...more);
      } else if (frame.type === 'presence' && frame.full) {
        const playback = { entry: null, position_ms: 0, at_ms: 0, error_ms: 0, state: 'idle' };
        frame.members.push(
          ...ids.map((id) => ({
            member: id,
            devices: [{ id, name: 'Phone', kind: 'player', providers: [], playback }],
          })),
        );
      }
      socket.send(JSON.stringify(frame));
    });
  });
}

test('a room with 5,000 people shows few of them at once, and all of them to those who scroll', async ({
  guest,
  server,
}) => {
  const PEOPLE = 4_998;
  const ada = await guest('Ada', { ...ON_A_PHONE, isMobile: false });
  await crowd(ada.page, PEOPLE);
  const code = await ada.startRoom();
  const ben = await WireGuest.of(server.url, 'Ben');
  await ben.enter(code);
  await ada.get('view-room').click();
  const list = ada.get('members');
  await expect(ada.page.getByRole('heading', { name: '5,000 people' })).toBeVisible();
  expect((await rowsIn(list)).count).toBeLessThanOrEqual(ROWS_MAX);
  report('people', await scrollThrough(list, 60));
  await list.locator('[aria-posinset="5000"]').scrollIntoViewIfNeeded();
  expect(await rowsIn(list)).toMatchObject({ setSize: 5_000 });
  expect((await rowsIn(list)).count).toBeLessThanOrEqual(ROWS_MAX);

  await test.step('a page follows what happens among them', async () => {
    await expect(ada.member('Ben')).toBeVisible();
    report(
      'changes of one member',
      await frameTimes(ada.page, async () => {
        for (let change = 1; change <= 20; change += 1)
          await ben.does({ name: 'rename', display_name: `Ben ${change}` });
        await expect(ada.member('Ben 20')).toBeVisible();
      }),
    );
  });

  await test.step('the console lists and finds them', async () => {
    const people = await ada.openConsole('people');
    const cards = people.getByTestId('console-person');
    expect(await cards.count()).toBeLessThanOrEqual(ROWS_MAX);
    await ada.get('people-search').fill(`Guest ${PEOPLE - 1}`);
    await expect(cards).toHaveCount(1);
    const sound = await ada.openConsole('sound');
    await expect(sound.getByTestId('sound-device').first()).toBeVisible();
    expect(await sound.getByTestId('sound-device').count()).toBeLessThanOrEqual(ROWS_MAX);
  });
});
