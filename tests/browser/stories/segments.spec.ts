import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type * as decoder from '../../../client/src/providers/files/segment-decoder.ts';
import type * as playingTrack from '../../../client/src/providers/files/segmented-playing-track.ts';
import { serveClientModules } from '../support/client-modules.ts';
import { type Guest, hearTogether } from '../support/guest.ts';
import { expect, test } from '../support/test.ts';
import { hum, wav } from '../support/wav.ts';
import { WireGuest } from '../support/wire.ts';

const TITLE = 'Twenty Minutes';
const library = mkdtempSync(join(tmpdir(), 'tutti-segments-'));
test.use({ settings: { TUTTI_LIBRARY_DIR: library, TUTTI_AUDIO_ACCESS: 'users' } });
test.beforeAll(() => {
  writeFileSync(join(library, `${TITLE}.wav`), hum(1_200));
  writeFileSync(join(library, 'Sweep.wav'), sweep(40));
});
test.afterAll(() => rmSync(library, { recursive: true }));

/** A sweep as a WAV file: RIFF, 16 bits, mono, 48 kHz. Shifted by a sample it is far from itself. */
function sweep(seconds: number): Buffer {
  const samples = Float64Array.from({ length: seconds * 48_000 }, (_, index) => {
    const at = index / 48_000;
    return 12_000 * Math.sin(2 * Math.PI * (300 * at + (1_700 * at * at) / (2 * seconds)));
  });
  return wav(48_000, samples);
}

/** Records the segments that a page asks for from now on, such as `lossless/12`. */
function recordSegments({ page }: Guest): string[] {
  const segments: string[] = [];
  page.on('request', (request) => {
    const [, segment] = /\/segments\/(\w+\/\d+)$/.exec(request.url()) ?? [];
    if (segment !== undefined) segments.push(segment);
  });
  return segments;
}

const numbersOf = (segments: string[]) => segments.map((segment) => Number(segment.split('/')[1]));

test('a long track is joined in its middle with a few segments, in either quality', async ({ guest }) => {
  test.setTimeout(180_000);
  const ada = await guest('Ada');
  const ben = await guest('Ben');
  const segments = recordSegments(ben);
  const code = await ada.startRoom();
  await ada.add(TITLE);
  await ada.playHere();
  // Far enough that the beginning is not fetched; an unoptimised server decodes everything before it.
  await ada.seekTo(200_000);
  await ben.page.goto('/');
  // On a busy machine a segment may take long to prepare, and "Automatic" would choose small ones.
  for (const person of [ada, ben]) person.expectConsoleErrors(/status of 503/);
  await ben.page.evaluate(() => localStorage.setItem('tutti.quality', 'lossless'));
  await ben.join(code);
  await ben.isJoined();
  await ben.playHere();
  await hearTogether(ada, ben);
  const numbers = numbersOf(segments);
  expect(Math.min(...numbers)).toBeGreaterThanOrEqual(40);
  expect(Math.max(...numbers)).toBeLessThan(80);
  expect(segments.every((segment) => segment.startsWith('lossless/'))).toBe(true);

  await ben.get('quality').selectOption('small');
  segments.length = 0;
  await ada.seekTo(400_000);
  await expect.poll(() => segments.length).toBeGreaterThan(3);
  await hearTogether(ada, ben);
  expect(segments.every((segment) => segment.startsWith('small/'))).toBe(true);
  expect(Math.min(...numbersOf(segments))).toBeGreaterThanOrEqual(80);

  await ben.page.reload();
  await ben.isJoined();
  await expect(ben.get('quality')).toHaveValue('small');
});

test('both qualities decode to the same samples at the same place', async ({ guest, server }) => {
  const ada = await guest('Ada');
  const base = await serveClientModules(ada.page);
  await ada.page.goto('/');
  const { token } = await WireGuest.of(server.url, 'Ben');
  const headers = { authorization: `Bearer ${token}` };
  const found = await fetch(`${server.url}/api/v1/search?provider=library&q=sweep`, { headers });
  const { tracks } = (await found.json()) as { tracks: { id: string }[] };
  const path = `/api/v1/library/tracks/${encodeURIComponent(tracks[0]!.id)}/segments`;
  for (const number of [0, 3, 7]) {
    const errors = await ada.page.evaluate(
      async ([modules, address, authorization, segment]) => {
        const { decodableQualities, decodeSegment, receiveSegment }: typeof decoder = await import(
          `${modules}providers/files/segment-decoder`
        );
        const context = new OfflineAudioContext(1, 1, 48_000);
        const qualities = await decodableQualities(context);
        const [lossless, small] = await Promise.all(
          qualities.map(async (quality) => {
            const response = await fetch(`${address}/${quality}/${segment}`, { headers: { authorization } });
            const fetched = await receiveSegment(response, () => performance.now());
            return (await decodeSegment(context, fetched, quality)).getChannelData(0);
          }),
        );
        /** Root mean square of the difference when the small segment is shifted by some samples. */
        const errorAt = (shift: number) => {
          let sum = 0;
          for (let index = 100; index < 239_900; index += 1) sum += (small![index + shift]! - lossless![index]!) ** 2;
          return Math.sqrt(sum / 239_800);
        };
        return { lengths: [lossless!.length, small!.length], errors: [-2, -1, 0, 1, 2].map(errorAt) };
      },
      [base, `${server.url}${path}`, headers.authorization, number] as const,
    );
    expect(errors.lengths).toEqual([240_000, 240_000]);
    expect(errors.errors.indexOf(Math.min(...errors.errors)), `segment ${number}`).toBe(2);
    expect(errors.errors[2]).toBeLessThan(0.01);
  }
});

test('segments meet to the sample, also while a nudge changes the rate', async ({ guest }) => {
  const ada = await guest('Ada');
  const base = await serveClientModules(ada.page);
  await ada.page.goto('/');
  const rendered = await ada.page.evaluate(async (modules) => {
    const { SegmentedPlayingTrack }: typeof playingTrack = await import(
      `${modules}providers/files/segmented-playing-track`
    );
    const [rate, length, seconds] = [48_000, 240_000, 14];
    const context = new OfflineAudioContext(2, seconds * rate, rate);
    // Linear interpolation, as browsers do it, is off by less than 0.0005 here; one sample too many or too few by 0.06.
    const wave = (sample: number) => Math.sin((2 * Math.PI * 440 * sample) / rate);
    const segments = [0, 1, 2].map((number) => {
      const buffer = context.createBuffer(2, length, rate);
      for (const channel of [0, 1]) {
        buffer.copyToChannel(
          Float32Array.from({ length }, (_, index) => wave(number * length + index)),
          channel,
        );
      }
      return buffer;
    });
    const track = new SegmentedPlayingTrack(
      context as unknown as AudioContext,
      context.destination,
      {} as ConstructorParameters<typeof SegmentedPlayingTrack>[2],
      { get: (number) => segments[number] ?? null, samples: 3 * length },
      { at: 0.1, offset: 0 },
    );
    // Two in the first segment, the third moves to the second one.
    const until = [4, -6, 3].map((ms) => track.nudge(ms)!);
    const heard = (await context.startRendering()).getChannelData(0);
    const worst = { steady: 0, nudged: 0, at: 0 };
    for (let frame = Math.round(0.1 * rate); frame < heard.length; frame += 1) {
      const error = Math.abs(heard[frame]! - wave(track.offsetAt(frame / rate) * rate));
      const at = frame / rate;
      const kind = at > until[2]! || (at > until[1]! && at < 5.1) ? 'steady' : 'nudged';
      if (error > worst[kind]) Object.assign(worst, { [kind]: error, at });
    }
    return { worst, until, offset: track.offsetAt(14) };
  }, base);
  expect(rendered.offset).toBeCloseTo(14 - 0.1 + 0.001, 9);
  expect(rendered.until[0]).toBeCloseTo(2.1, 1);
  expect(rendered.until[2]).toBeGreaterThan(7);
  expect(rendered.worst.nudged).toBeLessThan(0.001);
  expect(rendered.worst.steady, 'in the first segment its source is a hundredth of a sample off').toBeLessThan(0.001);
});
