import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';
import { wav } from '../sound/wav.ts';

export const LONG = 'Long';
/** A track must be longer than the ten seconds by which its successor is announced. */
export const CHANGING_SECONDS = 20;
/** Generous allowance for the unmeasured part of a scenario. */
const SPARE_SECONDS = 90;

/** The crowd's tracks are not recorded; only their duration matters. */
export const CROWD_TITLES = Array.from({ length: 9 }, (_, n) => `Crowd ${n + 1}`);
const CROWD_TRACK_SECONDS = 20;
const CROWD_SAMPLE_RATE = 2_000;

export const changing = (count: number): string[] => Array.from({ length: count }, (_, n) => `Change ${n + 1}`);

/** The generated library: one track longer than every scenario, and some short ones that follow each other. */
export async function writeLibrary(folder: string, seconds: number): Promise<void> {
  await mkdir(folder, { recursive: true });
  const write = (title: string, lasts: number, seed: number) =>
    writeFile(join(folder, `${title}.wav`), wav(SAMPLE_RATE, testMusic(lasts, seed)));
  await write(LONG, seconds + SPARE_SECONDS, 1);
  const titles = changing(Math.ceil((seconds + SPARE_SECONDS) / CHANGING_SECONDS));
  for (const [n, title] of titles.entries()) await write(title, CHANGING_SECONDS, 2 + n);
  for (const title of CROWD_TITLES) await writeFile(join(folder, `${title}.wav`), silent(CROWD_TRACK_SECONDS));
}

function silent(seconds: number): Buffer {
  return wav(CROWD_SAMPLE_RATE, new Float32Array(seconds * CROWD_SAMPLE_RATE));
}
