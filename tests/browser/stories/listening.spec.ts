import { chromium, type Locator } from '@playwright/test';
import { Guest, hearTogether, PHONE } from '../support/guest.ts';
import { fakeMicrophone, writeRecording } from '../support/microphone.ts';
import { expect, isAccessible, test } from '../support/test.ts';

interface PlaybackEvent {
  name: string;
  anchorAtMs: number;
  /** When it was received, in Unix ms. */
  atMs: number;
}

/** Records the playback events that a page receives, in order, and the entries that the page reports as ready. */
function recordPlayback({ page }: Guest): { events: PlaybackEvent[]; ready: Set<string> } {
  const recording = { events: [] as PlaybackEvent[], ready: new Set<string>() };
  page.on('websocket', (socket) => {
    socket.on('framereceived', ({ payload }) => {
      const frame = JSON.parse(payload.toString());
      if (frame.type !== 'delta') return;
      for (const { name, playback } of frame.events)
        if (playback !== undefined)
          recording.events.push({ name, anchorAtMs: playback.anchor_at_ms, atMs: Date.now() });
    });
    socket.on('framesent', ({ payload }) => {
      const frame = JSON.parse(payload.toString());
      for (const entry of frame.playback?.ready ?? []) recording.ready.add(entry);
    });
  });
  return recording;
}

function soundOf(host: Guest, name: string): Locator {
  return host.get('sound-device').filter({ hasText: name });
}

/** Taps sixteen times at a steady beat, with an arbitrary phase. */
async function tapsAlong(guest: Guest): Promise<void> {
  await guest.get('tap-pad').evaluate(
    (pad) =>
      new Promise<void>((resolve) => {
        const from = performance.now();
        let taps = 0;
        const tap = () => {
          pad.dispatchEvent(new PointerEvent('pointerdown', { bubbles: true }));
          taps += 1;
          if (taps === 16) resolve();
          else setTimeout(tap, from + taps * 600 - performance.now());
        };
        tap();
      }),
  );
}

async function openWay(guest: Guest, way: 'tap' | 'microphone' | 'hand' | 'help'): Promise<Locator> {
  const part = guest.get(`way-${way}`);
  if ((await part.getAttribute('open')) === null) await part.locator('summary').click();
  await expect(part).toHaveAttribute('open');
  return part;
}

test('a start waits for the playing devices unless they are ready', async ({ guest }) => {
  test.setTimeout(150_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const recordings = [ada, ben].map(recordPlayback);
  const { events } = recordings[1]!;
  await ben.join(await ada.startRoom());
  await ben.isJoined();
  for (const person of [ada, ben]) {
    await person.get('play-here').click();
    // The page reports to the room that it plays.
    await person.looksAt(person.page.getByText('Ready. Nothing is playing right now'));
  }

  await test.step('no device has the first track: the start is three seconds ahead, or earlier once they have it', async () => {
    const askedAtMs = Date.now();
    await ada.add('Slow Orbit');
    await hearTogether(ada, ben);
    const [start, ...later] = events;
    expect(start!.name).toBe('entry_started');
    expect(start!.anchorAtMs - askedAtMs).toBeGreaterThan(2_900);
    // On a slow machine there may be none: the announced start was already too close.
    for (const { name, anchorAtMs } of later) {
      expect(name).toBe('playback_changed');
      expect(anchorAtMs).toBeLessThan(start!.anchorAtMs);
    }
  });

  await test.step('all devices have the next track: a skip starts it at once', async () => {
    await ada.add('Harbour Lamps');
    await ada.seekTo(1_000);
    const next = await ada.get('upcoming-entry').first().getAttribute('data-entry');
    await expect.poll(() => recordings.every(({ ready }) => ready.has(next!)), { timeout: 30_000 }).toBe(true);
    await ada.get('skip').click();
    await ada.nowPlaying('Harbour Lamps');
    await expect.poll(() => events.at(-1)?.name).toBe('entry_started');
    const { anchorAtMs, atMs } = events.at(-1)!;
    expect(anchorAtMs - atMs).toBeLessThan(300);
    await hearTogether(ada, ben);
  });
});

test('the host selects the devices that play and can undo it', async ({ guest }) => {
  test.setTimeout(180_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await ben.join(await ada.startRoom());
  await ben.isJoined();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'Rain on Tin', 'First Light']) await ada.add(title);
  await ada.playHere();
  await ben.playHere();
  await ada.openConsole('sound');

  await test.step('a deselected device falls silent and says why', async () => {
    await soundOf(ada, 'Ben').getByTestId('leave-out').click();
    await expect(soundOf(ada, 'Ben')).toHaveAttribute('data-chosen', 'false');
    await ben.looksAt(ben.get('left-out'));
    await ben.hearsNothing();
    // Ben does not have the permission.
    await expect(ben.get('let-play')).toHaveCount(0);
    await ada.hearsMusic();
  });

  await test.step('a reselected device plays again', async () => {
    // The tracks are short and a loaded machine is slow.
    await ada.seekTo(1_000);
    await ada.get('undo-last').click();
    await expect(soundOf(ada, 'Ben')).toHaveAttribute('data-chosen', 'true');
    await ben.hearsMusic();
  });

  await test.step('playing devices become the selected speakers', async () => {
    await ada.seekTo(1_000);
    await ada.get('output-speakers').check();
    await expect(ada.get('speaker')).toHaveCount(2);
    for (const box of await ada.get('speaker').all()) await expect(box).toBeChecked();
    await ada.hearsMusic();
    await ben.hearsMusic();
  });

  await test.step('the host’s own device can be deselected', async () => {
    await ada.seekTo(1_000);
    await soundOf(ada, 'you').getByTestId('speaker').click();
    await ada.hearsNothing();
    await ben.hearsMusic();
    await ada.closeConsole();
    await ada.seekTo(1_000);
    await ada.get('let-play').click();
    await ada.hearsMusic();
  });

  await test.step('the log records it', async () => {
    await ada.openConsole('log');
    await expect(ada.get('audit-entry').first()).toContainText('You chose which devices play');
  });
});

test('every member with the permission can select the devices that play', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben', { viewport: PHONE });
  await ben.join(await ada.pausedRoom());
  await ben.isJoined();
  for (const person of [ada, ben]) await person.get('play-here').click();
  await ada.openConsole('sound');
  await soundOf(ada, 'Ben').getByTestId('leave-out').click();
  await ben.looksAt(ben.get('left-out'));
  await isAccessible(ben);
  await isAccessible(ada);
  await ada.get('output-speakers').check();
  await expect(ada.get('speaker')).toHaveCount(2);
  await isAccessible(ada);
});

test('each device reports its sync quality to its owner and to the host', async ({ guest }) => {
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  await ben.join(await ada.startRoom());
  await ben.isJoined();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'First Light']) await ada.add(title);
  await ada.playHere();
  await ben.playHere();
  for (const person of [ada, ben]) {
    // The value depends on the machine; only that it was measured is checked.
    await expect(person.get('sync')).toHaveAttribute('data-quality', /good|fair|poor/);
    await expect(person.get('sync-error-ms')).toHaveText(/^\d+ ms off$/);
    await expect(person.get('sync-measured')).toHaveText('estimated');
  }
  await ada.seekTo(1_000);
  await ada.openConsole('sound');
  await expect(ada.get('sound-device')).toHaveCount(2);
  for (const name of ['you', 'Ben']) {
    await expect(soundOf(ada, name)).toHaveAttribute('data-quality', /good|fair|poor/);
    await expect(soundOf(ada, name)).toHaveAttribute('data-measured', 'estimated');
    await expect(soundOf(ada, name).getByTestId('sound-quality')).toHaveText(/in sync$/i);
  }
});

test('a tap calibration survives a reload and can be deleted', async ({ guest }) => {
  const ada = await guest('Ada');
  await ada.startRoom();
  await ada.get('play-here').click();
  await ada.get('calibrate-open').click();
  await expect(ada.get('calibrated')).toHaveAttribute('data-how', '');
  await ada.get('tap-start').click();
  await ada.get('tap-stop').click();
  await ada.get('tap-start').click();
  await tapsAlong(ada);
  await expect(ada.get('tap-result')).toHaveAttribute('data-offset-ms', /\d/);
  const found = Number(await ada.get('tap-result').getAttribute('data-offset-ms'));
  await ada.get('tap-use').click();

  const isKept = async () => {
    await expect(ada.get('calibrated')).toHaveAttribute('data-how', 'tapped');
    expect(Number(await ada.get('calibrated').getAttribute('data-offset-ms'))).toBeCloseTo(found);
  };
  await isKept();
  await ada.page.reload();
  await ada.isJoined();
  for (const title of ['Slow Orbit', 'Harbour Lamps', 'First Light']) await ada.add(title);
  await expect(ada.get('sync-measured')).toHaveText('heard');
  await ada.get('calibrate-open').click();
  await isKept();
  await ada.get('calibration-forget').click();
  await expect(ada.get('calibrated')).toHaveAttribute('data-how', '');
  await expect(ada.get('sync-measured')).toHaveText('estimated');
});

test('every calibration method works with the keyboard and is accessible', async ({ guest }) => {
  test.setTimeout(150_000);
  const ada = await guest('Ada', { viewport: PHONE });
  await ada.startRoom();
  await ada.get('play-here').click();
  await ada.get('calibrate-open').click();

  await test.step('tap along', async () => {
    await openWay(ada, 'tap');
    await isAccessible(ada);
    await ada.get('tap-start').press('Enter');
    await expect(ada.get('tap-pad')).toBeFocused();
    await ada.get('tap-pad').press(' ');
    await expect(ada.get('tap-count')).toHaveText('1 of 16 taps');
    await isAccessible(ada);
    await ada.get('tap-stop').click();
  });

  await test.step('microphone', async () => {
    await openWay(ada, 'microphone');
    await expect(ada.get('way-tap')).not.toHaveAttribute('open');
    await isAccessible(ada);
  });

  await test.step('manual offset', async () => {
    await openWay(ada, 'hand');
    await ada.get('offset-ms').fill('12');
    await ada.get('offset-ms').press('Tab');
    await expect(ada.get('calibrated')).toHaveAttribute('data-how', 'set');
    await expect(ada.get('offset-slider')).toHaveValue('12');
    await ada.get('offset-slider').press('ArrowRight');
    await expect(ada.get('offset-ms')).toHaveValue('13');
    await isAccessible(ada);
  });

  await test.step('helping another device', async () => {
    await openWay(ada, 'help');
    await ada.get('help-click').click();
    await expect(ada.get('help-state')).toContainText('Clicking');
    await ada.get('help-sweep').click();
    await expect(ada.get('help-state')).toContainText('Sweeping');
    await isAccessible(ada);
    await ada.get('help-sweep').click();
    await expect(ada.get('help-state')).toHaveText('');
  });

  await ada.page.keyboard.press('Escape');
  await expect(ada.get('calibrate')).toHaveCount(0);
});

test('a microphone measures the offset between two devices', async ({ server }, info) => {
  const recording = info.outputPath('microphone.wav');
  await writeRecording(recording, 42.5);
  const options = info.project.use.launchOptions ?? {};
  const browser = await chromium.launch({ ...options, args: [...(options.args ?? []), ...fakeMicrophone(recording)] });
  try {
    const context = await browser.newContext({ baseURL: server.url });
    const ada = new Guest('Ada', context, await context.newPage());
    await ada.startRoom();
    await ada.get('play-here').click();
    await ada.get('calibrate-open').click();
    await openWay(ada, 'microphone');
    await isAccessible(ada);
    await ada.get('microphone-start').click();
    await expect(ada.get('microphone-result')).toHaveAttribute('data-state', 'done', { timeout: 60_000 });
    const offset = Number(await ada.get('microphone-result').getAttribute('data-offset-ms'));
    expect(Math.abs(offset - 42.5)).toBeLessThan(1);
    await ada.get('microphone-use').click();
    await expect(ada.get('calibrated')).toHaveAttribute('data-how', 'heard');
    expect(ada.consoleErrors).toEqual([]);
  } finally {
    await browser.close();
  }
});
