import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';
import { HEADER_BYTES as WAV_HEADER_BYTES, wav } from '../sound/wav.ts';

export const LONG = 'Long';
/** The next track is known ten seconds before it starts, so one has to be longer. */
export const CHANGING_SECONDS = 20;
/** What a story takes beside what is measured, generously. */
const SPARE_SECONDS = 90;

/** Nobody hears what a crowd plays: it is only as long as music is. */
export const CROWD_TITLES = Array.from({ length: 9 }, (_, n) => `Crowd ${n + 1}`);
const CROWD_TRACK_SECONDS = 20;
const CROWD_SAMPLE_RATE = 2_000;

export const changing = (count: number): string[] => Array.from({ length: count }, (_, n) => `Change ${n + 1}`);

/** The folder's music: one track that outlasts every story of so many seconds, and some that follow one another. */
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

/** As a decoder would find it out. */
export function secondsOf(crowdTrack: ArrayBuffer): number {
  return (crowdTrack.byteLength - WAV_HEADER_BYTES) / 2 / CROWD_SAMPLE_RATE;
}
