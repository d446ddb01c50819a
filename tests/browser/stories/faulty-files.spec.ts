import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Guest, hearTogether } from '../support/guest.ts';
import { recordSilence } from '../support/silence.ts';
import { expect, test } from '../support/test.ts';
import { hum } from '../support/wav.ts';

/** Two devices play while files break, vanish, and a disk is unmounted. */

const SILENCE_MS_MAX = 2_000;
/** Long enough that no track ends by itself. */
const SECONDS = 600;

const root = mkdtempSync(join(tmpdir(), 'tutti-faulty-'));
const local = join(root, 'local');
const disk = join(root, 'disk');
const TITLES = ['Refuge', 'Shelter', 'Haven', 'Breaks', 'Vanishes Waiting', 'Vanishes Playing', 'Outlives'];
test.use({ settings: { TUTTI_LIBRARY_DIR: `${local}:${disk}` } });
test.beforeAll(() => {
  for (const folder of [local, disk]) mkdirSync(folder);
  for (const title of TITLES) writeFileSync(join(local, `${title}.wav`), hum(SECONDS));
  for (const title of ['Mounted Now', 'Mounted Later']) writeFileSync(join(disk, `${title}.wav`), hum(SECONDS));
  // No browser but Safari decodes ALAC.
  const alac = ['-i', join(local, 'Refuge.wav'), '-c:a', 'alac', join(local, 'Apple Lossless.m4a')];
  execFileSync('ffmpeg', ['-v', 'error', ...alac]);
});
test.afterAll(() => rmSync(root, { recursive: true }));

const fileOf = (title: string) => join(local, `${title}.wav`);

async function read(words: string | RegExp, ...guests: Guest[]): Promise<void> {
  await Promise.all(guests.map((guest) => expect(guest.page.getByText(words).first()).toBeVisible()));
}

test('files that break or vanish never silence a room', async ({ guest }) => {
  test.setTimeout(240_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const both = [ada, ben];
  // A page learns from a refused segment that a file is gone.
  for (const person of both) person.expectConsoleErrors(/status of (404|410|422|503)/);
  await ben.join(await ada.startRoom());
  await ben.isJoined();

  await test.step('ALAC is heard', async () => {
    await ada.add('Apple Lossless');
    await ada.playHere();
    await ben.playHere();
    await hearTogether(ada, ben);
  });
  const longestSilences = await Promise.all(both.map(recordSilence));
  const nobodyHeardSilence = async () => {
    const silences = await Promise.all(longestSilences.map((longest) => longest()));
    expect(Math.max(...silences), 'the longest silence, in ms').toBeLessThan(SILENCE_MS_MAX);
    return silences;
  };

  /** The next track is on, and the words are shown: for some seconds, so both are awaited at once. */
  const passed = async (next: string, words: string, ...readers: Guest[]) => {
    await Promise.all([read(words, ...readers), ...both.map((person) => person.nowPlaying(next))]);
  };
  const passesOver = async (title: string, next: string, damage: () => void, words: string | RegExp) => {
    await ada.add(title);
    await ada.add(next);
    // The words may come before the track's turn, and stay for seconds only.
    const said = read(words, ada);
    damage();
    await ada.get('skip').click();
    await Promise.all([said, ...both.map((person) => person.nowPlaying(next))]);
    await hearTogether(ada, ben);
    await nobodyHeardSilence();
  };

  await test.step('a file that vanishes while it waits is passed over', async () => {
    const title = 'Vanishes Waiting';
    await passesOver(title, 'Refuge', () => rmSync(fileOf(title)), 'the file is no longer there');
  });

  await test.step('a file that breaks while it waits is passed over', async () => {
    const breakIt = () => writeFileSync(fileOf('Breaks'), Buffer.alloc(20_000));
    // The library may notice first that it contains no music any more.
    await passesOver('Breaks', 'Shelter', breakIt, /it can’t be played|the file is no longer there/);
  });

  await test.step('a file that vanishes while it is on is skipped', async () => {
    await ada.add('Vanishes Playing');
    await ada.add('Haven');
    await ada.get('skip').click();
    for (const person of both) await person.nowPlaying('Vanishes Playing');
    await hearTogether(ada, ben);
    rmSync(fileOf('Vanishes Playing'));
    await passed('Haven', '“Vanishes Playing” was skipped: the file is no longer there.', ada, ben);
    await hearTogether(ada, ben);
    await nobodyHeardSilence();
  });

  await test.step('an unmounted disk costs the track that is on, and waiting ones play when it is back', async () => {
    await ada.add('Mounted Now');
    await ada.add('Outlives');
    await ada.add('Mounted Later');
    await ada.get('skip').click();
    for (const person of both) await person.nowPlaying('Mounted Now');
    await hearTogether(ada, ben);
    renameSync(disk, `${disk}-away`);
    mkdirSync(disk);
    await passed('Outlives', '“Mounted Now” was skipped: the file is no longer there.', ada, ben);
    await hearTogether(ada, ben);
    await ada.comingUp('Mounted Later · You');
    rmSync(disk, { recursive: true });
    renameSync(`${disk}-away`, disk);
    await ada.get('skip').click();
    for (const person of both) await person.nowPlaying('Mounted Later');
    await hearTogether(ada, ben);
    const silences = await nobodyHeardSilence();
    console.log(`longest silence ${Math.round(Math.max(...silences))} ms`);
  });
});
