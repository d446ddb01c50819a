import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nowMs } from '../apparatus/clock.ts';
import { encode, repeat } from '../apparatus/ffmpeg.ts';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';
import { wav } from '../sound/wav.ts';
import { begun, type Cell, LISTEN_MS, type Scope, SETTLE_MS, scope, TOGETHER } from './cell.ts';
import { firstSounds, loudness, repeated, seam } from './measures.ts';
import type { PlayerSetup, Stage } from './stage.ts';

/** Scenarios about files: formats, qualities, seams, length and loudness. */

/** The first is what the others are compared with. Music in lossy formats is mostly sampled at 44.1 kHz. */
const FORMATS = [
  { format: 'wav', codec: ['-c:a', 'pcm_s16le'] },
  { format: 'mp3', codec: ['-ar', '44100', '-c:a', 'libmp3lame', '-b:a', '192k'] },
  { format: 'm4a', codec: ['-ar', '44100', '-c:a', 'aac', '-b:a', '192k'] },
  { format: 'flac', codec: ['-c:a', 'flac'] },
  { format: 'opus', codec: ['-c:a', 'libopus', '-b:a', '128k'] },
];
/** Sound cards by the machine's clock: a null sink runs some 100 ppm fast, which would show between two tracks. */
const UNLIKE_QUALITIES: PlayerSetup[] = [
  { cardPpm: 0, quality: 'lossless' },
  { cardPpm: 0, quality: 'small' },
];
/** Whole milliseconds: m4a files count in them. */
const RECORDING_MS = 12_000;
const RECORDING_SEED = 101;
const SEAM_LEAD_MS = 5_000;
const SEAM_TAIL_MS = 1_500;

const SET = 'Set';
const SET_MINUTES = 120;
const SET_SEED = 102;
/** Each round plays where no page has fetched before. */
const SET_STEP_MS = 60_000;
const BESIDE_MS = 3_000;

const QUIET = 'Quiet';
const LOUD = 'Loud';
const LOUDNESS_MS = 15_000;
const QUIET_DB = -20;
const LOUDNESS_SEED = 103;

const wholeOf = (format: string) => `Whole ${format}`;
const halvesOf = (format: string): [string, string] => [`First half ${format}`, `Second half ${format}`];

export const FILE_CELLS: Cell[] = [
  {
    name: 'formats',
    rows: [
      { name: 'formats', title: 'lossless beside small, five formats', target: TOGETHER },
      ...FORMATS.slice(1).map(({ format }) => ({
        name: `formats-${format}`,
        title: `${format} beside wav of the same recording`,
        target: { median: 1 },
      })),
    ],
    players: UNLIKE_QUALITIES,
    seconds: (FORMATS.length * RECORDING_MS) / 1000,
    extraSeconds: 12,
    prepare: writeFormats,
    story: inFiveFormats,
  },
  {
    name: 'halves',
    rows: FORMATS.map(({ format }) => ({
      name: `halves-${format}`,
      title: `gap between two halves of a recording, ${format}`,
      target: { max: 0.1 },
    })),
    players: UNLIKE_QUALITIES,
    seconds: (FORMATS.length * (SEAM_LEAD_MS + SEAM_TAIL_MS + 1_500)) / 1000,
    extraSeconds: 12,
    prepare: writeHalves,
    story: acrossSeams,
  },
  {
    name: 'set',
    rows: [
      { name: 'set-play', title: '`play` in the middle of 2 hours', target: { first: 400 } },
      { name: 'set-join', title: 'late join in the middle of 2 hours', target: { max: 5, first: 400, held: 40 } },
    ],
    players: [{}, {}],
    seconds: 40,
    extraSeconds: 12,
    prepare: writeSet,
    story: inTheMiddle,
  },
  {
    name: 'loudness',
    rows: [{ name: 'loudness', title: 'a quiet and a loud track', target: { loudness: 1 } }],
    players: [{}],
    seconds: (2 * LOUDNESS_MS) / 1000,
    extraSeconds: 12,
    prepare: writeQuietAndLoud,
    story: quietAndLoud,
  },
];

async function writeFormats(folder: string): Promise<void> {
  const recording = stereo(testMusic(RECORDING_MS / 1000, RECORDING_SEED));
  for (const { format, codec } of FORMATS) encode(recording, join(folder, `${wholeOf(format)}.${format}`), ...codec);
}

async function inFiveFormats(stage: Stage): Promise<Scope[]> {
  const fromMs = await begun(stage, ...FORMATS.map(({ format }) => wholeOf(format)));
  const marginMs = 2 * SETTLE_MS;
  const together = await scope(stage, 'formats', fromMs, FORMATS.length * RECORDING_MS - marginMs);
  const beside = FORMATS.slice(1).map(({ format }, number) => ({
    row: `formats-${format}`,
    fromMs,
    untilMs: fromMs + RECORDING_MS - marginMs,
    measure: repeated((number + 1) * RECORDING_MS),
  }));
  return [together, ...beside];
}

/** Each half is encoded on its own, as the tracks of an album are. */
async function writeHalves(folder: string): Promise<void> {
  const whole = wholeRecording();
  const half = whole.length / 2;
  for (const { format, codec } of FORMATS) {
    for (const [number, title] of halvesOf(format).entries()) {
      const part = stereo(whole.subarray(number * half, (number + 1) * half));
      encode(part, join(folder, `${title}.${format}`), ...codec);
    }
  }
}

const wholeRecording = () => testMusic((2 * RECORDING_MS) / 1000, RECORDING_SEED);

async function acrossSeams(stage: Stage): Promise<Scope[]> {
  const { host, recording } = stage;
  const scopes: Scope[] = [];
  const measure = seam(wholeRecording(), RECORDING_MS);
  await begun(stage, ...FORMATS.flatMap(({ format }) => halvesOf(format)));
  for (const { format } of FORMATS) {
    const position_ms = RECORDING_MS - SEAM_LEAD_MS;
    await host.does({ name: 'seek', position_ms });
    await recording.reaches(nowMs() + SEAM_LEAD_MS / 2);
    const fromMs = stage.heardMs(RECORDING_MS);
    await recording.reaches(fromMs + SEAM_TAIL_MS);
    scopes.push({ row: `halves-${format}`, fromMs, untilMs: fromMs + SEAM_TAIL_MS, measure });
    await host.does({ name: 'skip' });
  }
  return scopes;
}

async function writeSet(folder: string): Promise<void> {
  const minute = join(folder, 'minute.mp3');
  encode(stereo(testMusic(60, SET_SEED)), minute, '-c:a', 'libmp3lame', '-b:a', '128k');
  repeat(minute, SET_MINUTES, join(folder, `${SET}.mp3`));
  await rm(minute);
}

async function inTheMiddle(stage: Stage, seconds: number): Promise<Scope[]> {
  const { host, recording } = stage;
  const [early, late] = stage.players as [Stage['players'][0], Stage['players'][0]];
  const scopes: Scope[] = [];
  const playedMs: number[] = [];
  const joinedMs: number[] = [];
  await stage.join();
  const grown = stage.players.map((player) => player.watchMemory());
  await late.hide();
  await stage.playHere(early);
  await host.enqueue(SET);
  await stage.sounds(0);
  const fromMs = nowMs();
  let position_ms = (SET_MINUTES * 60_000) / 2;
  while (nowMs() < fromMs + seconds * 1000) {
    await host.does({ name: 'pause' });
    await stage.isSilent();
    await host.does({ name: 'seek', position_ms });
    await recording.reaches(nowMs() + LISTEN_MS);
    playedMs.push(nowMs());
    await host.does({ name: 'play' });
    await stage.sounds(0);
    await recording.reaches(nowMs() + BESIDE_MS);
    joinedMs.push(nowMs());
    await stage.toggle(late);
    await stage.sounds(1);
    scopes.push(await scope(stage, 'set-join', nowMs() + SETTLE_MS, BESIDE_MS));
    await stage.toggle(late);
    await recording.until('silence of one', () => !recording.sounds(1));
    position_ms += SET_STEP_MS;
  }
  const whole = { fromMs, untilMs: nowMs() };
  // The first player still plays; the second has stopped.
  const grown_mib = await Promise.all(grown.map((end) => end()));
  return [
    { row: 'set-play', ...whole, measure: firstSounds(playedMs, 0) },
    { row: 'set-join', ...whole, measure: firstSounds(joinedMs, 1) },
    { row: 'set-join', ...whole, measure: () => ({ grown_mib }) },
    ...scopes,
  ];
}

async function writeQuietAndLoud(folder: string): Promise<void> {
  const music = testMusic(LOUDNESS_MS / 1000, LOUDNESS_SEED);
  const loudest = music.reduce((most, sample) => Math.max(most, Math.abs(sample)), 0);
  const atFullScale = music.map((sample) => sample / loudest);
  const quiet = atFullScale.map((sample) => sample * 10 ** (QUIET_DB / 20));
  await writeFile(join(folder, `${QUIET}.wav`), stereo(quiet));
  await writeFile(join(folder, `${LOUD}.wav`), stereo(atFullScale));
}

async function quietAndLoud(stage: Stage): Promise<Scope[]> {
  const fromMs = await begun(stage, QUIET, LOUD);
  const lengthMs = LOUDNESS_MS - 2 * SETTLE_MS;
  const [quiet, loud] = [
    await scope(stage, 'loudness', fromMs, lengthMs),
    await scope(stage, 'loudness', fromMs + LOUDNESS_MS, lengthMs),
  ];
  return [
    { ...quiet, measure: loudness('quiet') },
    { ...loud, measure: loudness('loud') },
  ];
}

const stereo = (samples: Float32Array) => wav(SAMPLE_RATE, samples, samples);
