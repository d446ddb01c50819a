import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ALL, OneSink } from '../apparatus/one-sink.ts';
import { Correlator } from '../sound/correlator.ts';
import { sampleAt } from '../sound/resample.ts';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';
import { wav } from '../sound/wav.ts';

const SECONDS = 4;
const KNOWN_MS = [0, 0.1, -17.6];

/**
 * The accuracy of the apparatus: two channels with a known offset are played to the players' sinks, recorded and measured
 * like players. Returns the largest error in ms.
 */
export async function floorMs(): Promise<number> {
  const mistakes: number[] = [];
  for (const knownMs of KNOWN_MS) {
    const sink = await OneSink.start(2);
    try {
      mistakes.push(...(await measured(sink, knownMs)).map((offsetMs) => Math.abs(offsetMs - knownMs)));
    } finally {
      await sink.stop();
    }
  }
  return Math.max(...mistakes);
}

async function measured(sink: OneSink, knownMs: number): Promise<number[]> {
  const music = testMusic(SECONDS + 1, 9);
  const early = music.subarray(0, SECONDS * SAMPLE_RATE);
  const late = early.map((_, n) => sampleAt(music, n - (knownMs * SAMPLE_RATE) / 1000));
  const file = join(sink.pulse.folder, 'known.wav');
  await writeFile(file, wav(SAMPLE_RATE, early, late));
  const player = spawn('paplay', [`--device=${ALL}`, '--channel-map=aux0,aux1', file], {
    stdio: 'ignore',
    env: sink.pulse.environment(),
  });
  await once(player, 'exit');
  const [first, second] = sink.recording.channels as [Float32Array, Float32Array];
  const began = Math.max(
    0,
    first.findIndex((sample) => sample !== 0),
  );
  const fromMs = (began * 1000) / SAMPLE_RATE + 500;
  const windows = new Correlator(SAMPLE_RATE).windows(first, second, fromMs, fromMs + (SECONDS - 1) * 1000);
  const offsets = windows.flatMap((window) => ('offset_ms' in window ? [window.offset_ms] : []));
  if (offsets.length < SECONDS - 1) throw new Error('the apparatus does not record what is played to it');
  return offsets;
}
