import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { encode, integratedLufs, repeat } from '../apparatus/ffmpeg.ts';
import { ownMib } from '../apparatus/page-memory.ts';
import { Recording } from '../apparatus/recording.ts';
import { type Heard, loudness, type Measure, repeated, seam } from '../cells/measures.ts';
import { sampleAt } from '../sound/resample.ts';
import { SAMPLE_RATE, testMusic } from '../sound/test-music.ts';
import { wav } from '../sound/wav.ts';

const EXACT_MS = 0.01;
const SECONDS = 8;
const SEAM_MS = 4_000;
const music = testMusic(SECONDS, 1);

function measured(measure: Measure, from: number, until: number, ...channels: Float32Array[]): Partial<Heard> {
  return measure({ recording: new Recording(channels.length), channels, from, until });
}

const offsets = ({ windows = [] }: Partial<Heard>) =>
  windows.map((window) => ('offset_ms' in window ? window.offset_ms : window.why));

/** The music, heard later, and by `gapMs` later still after the seam. */
function heard(laterMs: number, gapMs: number): Float32Array {
  const ends = SEAM_MS + laterMs;
  return Float32Array.from({ length: (SECONDS + 1) * SAMPLE_RATE }, (_, n) => {
    const atMs = (n * 1000) / SAMPLE_RATE;
    if (atMs >= ends && atMs < ends + gapMs) return 0;
    const late = atMs < ends ? laterMs : laterMs + gapMs;
    return sampleAt(music, n - (late * SAMPLE_RATE) / 1000);
  });
}

describe('a seam', () => {
  for (const gapMs of [0, 0.1, 2, -1.5]) {
    it(`shows a gap of ${gapMs} ms wherever the sound is`, () => {
      const found = measured(seam(music, SEAM_MS), SEAM_MS + 300, SEAM_MS + 300, heard(300, gapMs), heard(37, gapMs));
      assert.equal(found.windows?.length, 2);
      for (const offset of offsets(found)) assert.ok(Math.abs(Number(offset) - gapMs) <= EXACT_MS, `${offset}`);
      assert.deepEqual(found.gaps, []);
    });
  }

  it('shows no gap while a nudge goes on', () => {
    const nudged = Float32Array.from({ length: SECONDS * SAMPLE_RATE }, (_, n) => sampleAt(music, n * (1 - 5e-4)));
    const [offset] = offsets(measured(seam(music, SEAM_MS), SEAM_MS, SEAM_MS, nudged));
    assert.ok(Math.abs(Number(offset)) <= EXACT_MS, `${offset}`);
  });

  it('has a gap that is heard, and is not measurable in other music or in silence', () => {
    const interval = [SEAM_MS, SEAM_MS] as const;
    const [gap] = measured(seam(music, SEAM_MS), ...interval, heard(0, 5)).gaps!;
    assert.ok(Math.abs(gap!.length_ms - 5) < 0.5);
    assert.deepEqual(offsets(measured(seam(music, SEAM_MS), ...interval, testMusic(SECONDS, 2))), ['unclear']);
    assert.deepEqual(
      offsets(
        measured(
          seam(music, SEAM_MS),
          ...interval,
          music.map(() => 0),
        ),
      ),
      ['silent'],
    );
  });
});

it('a repeated recording is compared with the one before', () => {
  const once = music.subarray(0, 3 * SAMPLE_RATE);
  const lateSamples = 48;
  const twice = new Float32Array(7 * SAMPLE_RATE);
  twice.set(once);
  twice.set(once, 3 * SAMPLE_RATE + lateSamples);
  const found = measured(repeated(3_000), 500, 2_500, twice, twice);
  assert.deepEqual(
    found.windows!.map(({ at_s, beside_s }) => [at_s, beside_s]),
    [3.5, 4.5, 3.5, 4.5].map((at_s) => [at_s, at_s - 3]),
  );
  for (const offset of offsets(found)) assert.ok(Math.abs(Number(offset) - 1) <= EXACT_MS, `${offset}`);
});

it('loudness is that of both loudspeakers', () => {
  // EBU Tech 3341, case 1: a stereo sine of 1 kHz at −23 dBFS reads −23 LUFS ± 0.1.
  const sine = Float32Array.from(
    { length: 20 * SAMPLE_RATE },
    (_, n) => 10 ** (-23 / 20) * Math.sin((2 * Math.PI * 1_000 * n) / SAMPLE_RATE),
  );
  assert.ok(Math.abs(integratedLufs(sine, SAMPLE_RATE) + 23) <= 0.1);
  const halved = sine.map((sample, n) => (n < 10 * SAMPLE_RATE ? sample : sample / 10));
  const [found] = measured(loudness('quiet'), 10_000, 20_000, halved).loudness!;
  assert.equal(found!.what, 'quiet');
  assert.ok(Math.abs(found!.lufs + 43) <= 0.1, `${found!.lufs}`);
});

it('a recording is encoded, and repeated', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tutti-encoded-'));
  try {
    const [once, thrice] = [join(folder, 'once.flac'), join(folder, 'thrice.flac')];
    encode(wav(SAMPLE_RATE, music.subarray(0, SAMPLE_RATE)), once, '-c:a', 'flac');
    repeat(once, 3, thrice);
    const [first, second] = [await readFile(once), await readFile(thrice)];
    assert.equal(first.toString('latin1', 0, 4), 'fLaC');
    assert.ok(second.length > 2 * first.length);
    assert.throws(() => encode(wav(SAMPLE_RATE, music), join(folder, 'x.flac'), '-c:a', 'unknown'), /ffmpeg ended/);
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('the memory of a process is known, and that of one that has ended is none', () => {
  const own = ownMib(process.pid);
  assert.ok(own > 1 && own < process.memoryUsage.rss() / 2 ** 20, `${own}`);
  assert.equal(ownMib(2 ** 30), 0);
});
