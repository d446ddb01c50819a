import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { hearChange } from '../support/ear.ts';
import { hearTogether } from '../support/guest.ts';
import { Nodes } from '../support/nodes.ts';
import type { Server } from '../support/server.ts';
import { test as base, expect } from '../support/test.ts';
import { hum } from '../support/wav.ts';
import { WireGuest } from '../support/wire.ts';

/** A server of the room dies this long before the end of a track: after the next one was locked, and before its start was announced. */
const DIES_BEFORE_END_MS = 5_000;
const GAP_MS_MAX = 50;
/** A dead server is replaced after five seconds without its beat. */
const COMMANDS_WITHIN_MS = 10_000;
const FIRST_SECONDS = 25;
const TRACKS = { 'First Leg': FIRST_SECONDS, 'Second Leg': 60, 'Long Way Round': 60 };

const library = mkdtempSync(join(tmpdir(), 'tutti-nodes-library-'));
const test = base.extend<{ nodes: Nodes }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads the names of the fixtures here.
  nodes: async ({}, use, info) => {
    const nodes = new Nodes();
    try {
      await nodes.start(3, { TUTTI_LIBRARY_DIR: library });
      await use(nodes);
    } finally {
      await nodes.dispose();
      if (info.status !== info.expectedStatus) await info.attach('servers.log', { body: nodes.log });
    }
  },
  server: async ({ nodes }, use) => use(nodes.servers[0]!),
});
test.beforeAll(() => {
  for (const [title, seconds] of Object.entries(TRACKS)) writeFileSync(join(library, `${title}.wav`), hum(seconds));
});
test.afterAll(() => rmSync(library, { recursive: true }));

test('music goes on over the end of a track while the server that decided for the room is dead', async ({
  guest,
  nodes,
}) => {
  const [owner, second, third] = nodes.servers as [Server, Server, Server];
  // The first connection makes its server the owner.
  const host = await WireGuest.of(owner.url, 'Host');
  const code = await host.openRoom();
  await host.enter(code);
  const ada = await guest('Ada', { baseURL: second.url });
  const ben = await guest('Ben', { baseURL: third.url });
  for (const person of [ada, ben]) {
    await person.join(code);
    await person.isJoined();
  }
  // The queue takes turns.
  await ada.add('First Leg');
  await ben.add('Second Leg');
  await ada.add('Long Way Round');
  for (const person of [ada, ben]) await person.playHere();
  await ada.nowPlaying('First Leg');
  const durationMs = FIRST_SECONDS * 1_000;
  const changes = [await hearChange(ada.page, durationMs), await hearChange(ben.page, durationMs)];
  await expect.poll(() => ada.shownPositionMs()).toBeGreaterThan(durationMs - DIES_BEFORE_END_MS);
  await owner.kill();
  const killedAtMs = Date.now();

  for (const change of changes) expect(Math.abs(await change())).toBeLessThan(GAP_MS_MAX);
  await ben.get('skip').click();
  for (const person of [ada, ben]) await person.nowPlaying('Long Way Round');
  await hearTogether(ada, ben);
  await ada.get('skip').click();
  for (const person of [ada, ben]) await person.playbackIs('idle');
  expect(Date.now() - killedAtMs).toBeLessThan(COMMANDS_WITHIN_MS);
  expect(nodes.log).toContain('room taken over from another server');
});
