import { type Guest, hearTogether, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

async function twoWhoListen(host: Guest, other: Guest): Promise<string> {
  const code = await host.startRoom();
  await other.join(code);
  await other.isJoined();
  await host.add('First Light');
  await host.nowPlaying('First Light');
  await host.add('Harbour Lamps');
  await other.add('Slow Orbit');
  await host.comingUp(`Slow Orbit · ${other.name}`, 'Harbour Lamps · You');
  await host.playHere();
  await other.playHere();
  return code;
}

test('a reload keeps the member, the position and the playback', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, blockAutoplay: true });
  await twoWhoListen(ada, ben);

  await ben.page.reload();
  await ben.isJoined();
  await ben.sees('Ada', 'Ben');
  await ben.comingUp('Slow Orbit · You', 'Harbour Lamps · Ada');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit']);
  await ben.nowPlaying('First Light');

  // His browser blocks autoplay: the page says so and asks for a tap.
  await expect(ben.get('play-here')).toHaveText('Tap to play here');
  await ben.hearsNothing();
  await ben.playHere();
  await hearTogether(ada, ben);

  await ada.page.reload();
  await ada.isJoined();
  await expect(ada.get('pause')).toBeVisible();
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You');
  // Her browser allows autoplay.
  await ada.hearsMusic();
  await hearTogether(ada, ben);
});

test('after a server restart clients reconnect by themselves and the room is unchanged', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await twoWhoListen(ada, ben);
  ada.expectNoNetwork();
  ben.expectNoNetwork();

  await server.stop();
  await ada.connectionIs('reconnecting');
  await ben.connectionIs('reconnecting');
  await expect(ben.get('trouble')).toContainText('Connection lost, reconnecting');
  // The page keeps the last state, and the loaded track plays on.
  await ben.nowPlaying('First Light');
  await ben.hearsMusic();
  // A command given while offline is queued.
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One action is waiting');

  await server.start();
  await ada.connectionIs('online');
  await ben.connectionIs('online');
  await ada.sees('Ada', 'Ben');
  for (const person of [ada, ben]) {
    await person.nowPlaying('First Light');
    await person.playbackIs('playing');
  }
  // The room is unchanged, and the command was executed once.
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Copper Kettle · Ben');
  await ben.comingUp('Slow Orbit · You', 'Harbour Lamps · Ada', 'Copper Kettle · You');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit', 'Copper Kettle']);
  await ada.hearsMusic();
  await hearTogether(ada, ben);
});

test('a broken connection recovers by itself and sends the queued commands', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, flakyProxy });
  await twoWhoListen(ada, ben);
  ben.expectNoNetwork();

  flakyProxy.cut();
  await ben.connectionIs('reconnecting');
  await ben.hearsMusic();
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One action is waiting');
  // The party continues without him.
  await expect(ada.member('Ben').getByTestId('whereabouts')).toHaveText('not connected');
  await ada.get('skip').click();
  await ada.nowPlaying('Slow Orbit');

  flakyProxy.restore();
  await ben.connectionIs('online');
  await ben.nowPlaying('Slow Orbit');
  await ada.comingUp('Harbour Lamps · You', 'Copper Kettle · Ben');
  await ben.comingUp('Harbour Lamps · Ada', 'Copper Kettle · You');
  await ben.hearsMusic();
  await hearTogether(ada, ben);
});

test('a queued command survives a reload and is executed once', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, flakyProxy });
  await twoWhoListen(ada, ben);
  ben.expectNoNetwork();

  flakyProxy.cut();
  await ben.connectionIs('reconnecting');
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One action is waiting');
  // The page is reloaded while there is no connection.
  const room = ben.page.url();
  await expect(ben.page.reload()).rejects.toThrow(/ERR_/);
  await ben.page.waitForURL(/^chrome-error:/);
  flakyProxy.restore();
  await ben.page.goto(room);
  await ben.connectionIs('online');
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Copper Kettle · Ben');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit', 'Copper Kettle']);
});

test('a stalled connection is detected and replaced', async ({ guest, flakyProxy }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, flakyProxy });
  await twoWhoListen(ada, ben);
  for (const title of ['Seven Steps Down', 'Rain on Tin']) await ada.add(title);
  ben.expectNoNetwork();

  flakyProxy.stall();
  await ada.get('skip').click();
  // Two and a half missed heartbeats are enough.
  await expect(ben.get('connection-state')).toHaveAttribute('data-state', 'reconnecting', { timeout: 60_000 });
  flakyProxy.cut();
  flakyProxy.restore();
  await ben.connectionIs('online');
  // The room may have advanced again by now.
  await expect(ada.get('now-playing').getByTestId('track-title')).not.toHaveText('First Light');
  await expect.poll(async () => (await ben.playingEntry()) === (await ada.playingEntry())).toBe(true);
  await hearTogether(ada, ben);
});
