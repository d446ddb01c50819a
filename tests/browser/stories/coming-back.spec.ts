import { type Guest, hearTogether, PHONE } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';

async function twoWhoListen(host: Guest, other: Guest): Promise<string> {
  const code = await host.startRoom();
  await other.join(code);
  await other.isIn();
  await host.add('First Light');
  await host.nowPlaying('First Light');
  await host.add('Harbour Lamps');
  await other.add('Slow Orbit');
  await host.comingUp(`Slow Orbit · ${other.name}`, 'Harbour Lamps · You');
  await host.playHere();
  await other.playHere();
  return code;
}

test('who reloads is the same person in the same place, and plays on', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, reluctant: true });
  await twoWhoListen(ada, ben);

  await ben.page.reload();
  await ben.isIn();
  await ben.sees('Ada', 'Ben');
  await ben.comingUp('Slow Orbit · You', 'Harbour Lamps · Ada');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit']);
  await ben.nowPlaying('First Light');

  // His browser wants a tap before a fresh page may sound: the page says so, and asks for it.
  await expect(ben.get('play-here')).toHaveText('Tap to keep listening');
  await ben.hearsNothing();
  await ben.playHere();
  await hearTogether(ada, ben);

  await ada.page.reload();
  await ada.isIn();
  await expect(ada.get('pause')).toBeVisible();
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You');
  // Hers lets the page sound at once.
  await ada.hearsMusic();
  await hearTogether(ada, ben);
});

test('the server is stopped and started: everything is there, and everybody returns by themselves', async ({
  guest,
  server,
}) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await twoWhoListen(ada, ben);
  ada.expectNoNetwork();
  ben.expectNoNetwork();

  await server.stop();
  await ada.connectionIs('reconnecting');
  await ben.connectionIs('reconnecting');
  await expect(ben.get('trouble')).toContainText('coming back by itself');
  // What was true stays on show, and what is loaded goes on sounding.
  await ben.nowPlaying('First Light');
  await ben.hearsMusic();
  // A command given meanwhile waits for the way.
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One thing waits');

  await server.start();
  await ada.connectionIs('online');
  await ben.connectionIs('online');
  await ada.sees('Ada', 'Ben');
  for (const person of [ada, ben]) {
    await person.nowPlaying('First Light');
    await person.playbackIs('playing');
  }
  // Everything is where it was, and the one command arrived once.
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Copper Kettle · Ben');
  await ben.comingUp('Slow Orbit · You', 'Harbour Lamps · Ada', 'Copper Kettle · You');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit', 'Copper Kettle']);
  await ada.hearsMusic();
  await hearTogether(ada, ben);
});

test('a connection that breaks comes back by itself, with what was given meanwhile', async ({ guest, line }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, line });
  await twoWhoListen(ada, ben);
  ben.expectNoNetwork();

  line.cut();
  await ben.connectionIs('reconnecting');
  await ben.hearsMusic();
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One thing waits');
  // The party goes on without him.
  await expect(ada.member('Ben').getByTestId('whereabouts')).toHaveText('not connected');
  await ada.get('skip').click();
  await ada.nowPlaying('Slow Orbit');

  line.mend();
  await ben.connectionIs('online');
  await ben.nowPlaying('Slow Orbit');
  await ada.comingUp('Harbour Lamps · You', 'Copper Kettle · Ben');
  await ben.comingUp('Harbour Lamps · Ada', 'Copper Kettle · You');
  await ben.hearsMusic();
  await hearTogether(ada, ben);
});

test('what waits for the way survives a reload, and arrives once', async ({ guest, line }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, line });
  await twoWhoListen(ada, ben);
  ben.expectNoNetwork();

  line.cut();
  await ben.connectionIs('reconnecting');
  await ben.result('Copper Kettle').getByTestId('add-track').click();
  await expect(ben.get('trouble')).toContainText('One thing waits');
  // Somebody impatient loads the page anew, while there is no way yet.
  const room = ben.page.url();
  await expect(ben.page.reload()).rejects.toThrow(/ERR_/);
  await ben.page.waitForURL(/^chrome-error:/);
  line.mend();
  await ben.page.goto(room);
  await ben.connectionIs('online');
  await ada.comingUp('Slow Orbit · Ben', 'Harbour Lamps · You', 'Copper Kettle · Ben');
  await expect(ben.get('my-queue').getByTestId('entry-title')).toHaveText(['Slow Orbit', 'Copper Kettle']);
});

test('a line that goes silent is noticed and replaced', async ({ guest, line }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE, line });
  await twoWhoListen(ada, ben);
  for (const title of ['Seven Steps Down', 'Rain on Tin']) await ada.add(title);
  ben.expectNoNetwork();

  line.stall();
  await ada.get('skip').click();
  // Two and a half heartbeats without a word are enough.
  await expect(ben.get('connection-state')).toHaveAttribute('data-state', 'reconnecting', { timeout: 60_000 });
  line.cut();
  line.mend();
  await ben.connectionIs('online');
  // By now the room may have moved on once more.
  await expect(ada.get('now-playing').getByTestId('track-title')).not.toHaveText('First Light');
  await expect.poll(async () => (await ben.playingEntry()) === (await ada.playingEntry())).toBe(true);
  await hearTogether(ada, ben);
});
