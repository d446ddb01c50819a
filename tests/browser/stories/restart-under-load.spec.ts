import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { ServerFrame } from '../../../protocol/typescript/protocol.ts';
import { hearChange } from '../support/ear.ts';
import { type Guest, hearTogether } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { hum } from '../support/wav.ts';
import { WireGuest } from '../support/wire.ts';

const CROWD = 15;
/** Between two commands of one client: the test is about the restart, not about rendering throughput. */
const PAUSE_MS = 200;
/** Longer than the test; the demo's tracks are shorter. */
const TRACK_SECONDS = 600;
const SHORT_SECONDS = 25;
/** The server dies this long before the end of a track: after the next one was locked, and before its start was announced. */
const DIES_BEFORE_END_MS = 5_000;
const GAP_MS_MAX = 50;
const SAMPLE_EVERY_MS = 50;
/** Between two samples the heard position advances with time, within the jitter of the sampling itself. */
const JUMP_MS_MAX = 60;

/** Records every frame that a page receives from now on. */
function recordFrames({ page }: Guest): ServerFrame[] {
  const frames: ServerFrame[] = [];
  page.on('websocket', (socket) =>
    socket.on('framereceived', ({ payload }) => frames.push(JSON.parse(String(payload)) as ServerFrame)),
  );
  return frames;
}

/** Samples continuously, in the page, whether playback continues; returns the worst deviation afterwards. */
async function samplePlayback({ page }: Guest) {
  const watch = await page.evaluateHandle((everyMs) => {
    const worst = { samples: 0, silent: 0, jumpMs: 0 };
    let last: { positionMs: number; atMs: number } | null = null;
    const timer = setInterval(() => {
      const { position } = window.tuttiEar();
      worst.samples += 1;
      if (position === null) worst.silent += 1;
      if (position !== null && last !== null) {
        const jumpMs = Math.abs(position.positionMs - last.positionMs - (position.atMs - last.atMs));
        worst.jumpMs = Math.max(worst.jumpMs, jumpMs);
      }
      last = position;
    }, everyMs);
    return { worst, stop: () => clearInterval(timer) };
  }, SAMPLE_EVERY_MS);
  return () =>
    watch.evaluate(({ worst, stop }) => {
      stop();
      return worst;
    });
}

/** A client that sends one command after the other, also across the restart. */
async function sendCommands(
  wire: WireGuest,
  code: string,
  restart: { done: Promise<void>; over: boolean },
): Promise<number> {
  let accepted = 0;
  let pause = true;
  await wire.enter(code);
  while (!restart.over) {
    const reply = wire.ask({ name: pause ? 'pause_queue' : 'resume_queue' }).catch(() => null);
    const outcome = await Promise.race([reply, wire.closeCode().catch(() => null)]);
    if (typeof outcome === 'object') {
      accepted += outcome?.ok ? 1 : 0;
      pause = !pause;
      await setTimeout(PAUSE_MS);
    } else if (!restart.over) {
      await restart.done;
      await wire.enter(code).catch(() => null);
    }
  }
  return accepted;
}

const library = mkdtempSync(join(tmpdir(), 'tutti-long-'));
test.use({ settings: { TUTTI_LIBRARY_DIR: library } });
test.beforeAll(() => {
  writeFileSync(join(library, 'Long Way Round.wav'), hum(TRACK_SECONDS));
  for (const title of ['First Leg', 'Second Leg']) writeFileSync(join(library, `${title}.wav`), hum(SHORT_SECONDS));
});
test.afterAll(() => rmSync(library, { recursive: true }));

test('music goes on over the end of a track while the server is down', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();
  for (const title of ['First Leg', 'Second Leg', 'Long Way Round']) await ada.add(title);
  for (const person of [ada, ben]) {
    await person.playHere();
    person.expectNoNetwork();
  }
  await ada.nowPlaying('First Leg');
  const durationMs = await ada.durationMs();
  const changes = [await hearChange(ada.page, durationMs), await hearChange(ben.page, durationMs)];
  await expect.poll(() => ada.shownPositionMs()).toBeGreaterThan(durationMs - DIES_BEFORE_END_MS);
  await server.kill();

  for (const change of changes) expect(Math.abs(await change())).toBeLessThan(GAP_MS_MAX);
  await ben.nowPlaying('Second Leg');
  await ada.connectionIs('reconnecting');
  const sounds = [await samplePlayback(ada), await samplePlayback(ben)];
  await server.start();
  for (const person of [ada, ben]) await person.connectionIs('online');
  await hearTogether(ada, ben);
  for (const stop of sounds) {
    const { silent, jumpMs } = await stop();
    expect(silent).toBe(0);
    expect(jumpMs).toBeLessThan(JUMP_MS_MAX);
  }
  await ada.get('skip').click();
  for (const person of [ada, ben]) await person.nowPlaying('Long Way Round');
});

test('a restart under load interrupts no playback and forces no snapshot', async ({ guest, server }) => {
  test.setTimeout(180_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const frames = [recordFrames(ada), recordFrames(ben)];
  const code = await ada.startRoom();
  await ben.join(code);
  await ben.isJoined();
  await ada.add('Long Way Round');
  await ada.nowPlaying('Long Way Round');
  for (const person of [ada, ben]) {
    await person.playHere();
    person.expectNoNetwork();
  }

  const crowd: WireGuest[] = [];
  for (let count = 0; count < CROWD; count += 1) crowd.push(await WireGuest.of(server.url, `Guest ${count}`));
  let restarted = () => {};
  const restart = { done: new Promise<void>((resolve) => (restarted = resolve)), over: false };
  const sending = crowd.map((wire) => sendCommands(wire, code, restart));
  await expect(ada.get('member')).toHaveCount(CROWD + 2);

  await hearTogether(ada, ben);
  const sounds = [await samplePlayback(ada), await samplePlayback(ben)];
  for (const heard of frames) heard.length = 0;
  await server.stop();
  for (const person of [ada, ben]) await person.connectionIs('reconnecting');
  await server.start();
  restarted();
  for (const person of [ada, ben]) await person.connectionIs('online');
  // A while longer, so that any effect of the reconnect on playback is observed.
  const back = await Promise.all([ada.heard(), ben.heard()]);
  for (const [index, person] of [ada, ben].entries()) {
    const before = back[index]?.position?.positionMs ?? Number.NaN;
    await expect.poll(async () => ((await person.heard()).position?.positionMs ?? 0) - before).toBeGreaterThan(3_000);
  }
  restart.over = true;

  for (const [index, stop] of sounds.entries()) {
    const { samples, silent, jumpMs } = await stop();
    // Fewer than scheduled: browsers throttle timers of background pages.
    expect(samples).toBeGreaterThan(20);
    expect(silent).toBe(0);
    expect(jumpMs).toBeLessThan(JUMP_MS_MAX);
    const kinds = frames[index]?.map((frame) => (frame.type === 'welcome' ? `welcome ${frame.resumed}` : frame.type));
    expect(kinds).toContain('welcome true');
    expect(kinds).toContain('delta');
    expect(kinds).not.toContain('snapshot');
  }
  for (const wire of crowd) wire.disconnect();
  const accepted = await Promise.all(sending);
  expect(accepted.every((count) => count > 0)).toBe(true);
  console.log(`${accepted.reduce((sum, count) => sum + count, 0)} commands accepted around the restart`);
});
