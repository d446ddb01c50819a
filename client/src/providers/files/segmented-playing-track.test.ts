import { describe, expect, it } from 'vitest';
import { FakeAudio, type FakeSegment } from '../../testing/fake-audio';
import { entry, playing } from '../../testing/fixtures';
import { seeded } from '../../testing/random';
import { SegmentedPlayingTrack } from './segmented-playing-track';
import { SEGMENT_RATE_HZ as RATE, SEGMENT_SAMPLES } from './segments';

/** A track of 62 s whose segments arrive one by one. */
const SAMPLES = 62 * RATE;
const LENGTH = Math.ceil(SAMPLES / SEGMENT_SAMPLES);

function stage(arrived: number[] = Array.from({ length: LENGTH }, (_, number) => number)) {
  let nowMs = 0;
  const audio = new FakeAudio(() => nowMs);
  const there = new Set(arrived);
  const segments = {
    samples: SAMPLES,
    get: (number: number) => {
      const first = number * SEGMENT_SAMPLES;
      const segment: FakeSegment = { track: 'a', first, length: Math.min(SEGMENT_SAMPLES, SAMPLES - first) };
      return there.has(number) ? (segment as unknown as AudioBuffer) : null;
    },
  };
  const begin = (at: number, offset: number) =>
    new SegmentedPlayingTrack(
      audio as unknown as AudioContext,
      {} as AudioNode,
      { entry: entry('a', 'ana', 62_000), playback: playing('a', 0) },
      segments,
      { at, offset },
    );
  /** Runs the track for a while. */
  const run = (track: SegmentedPlayingTrack, untilS: number) => {
    for (; nowMs < untilS * 1000; nowMs += 100) track.schedule();
  };
  const jumpTo = (seconds: number) => {
    nowMs = seconds * 1000;
  };
  return { audio, there, begin, run, jumpTo };
}

/**
 * Every frame plays exactly one sample: sources meet at a frame, and across each seam, as within sources, the position
 * goes on by one sample or as a nudge wants it.
 */
function expectNoSeam(audio: FakeAudio, from: number, to: number, tolerance = 0.02): void {
  const sources = audio.sources
    .filter(({ startFrame, endFrame }) => endFrame > startFrame && endFrame > from && startFrame < to)
    .sort((a, b) => a.startFrame - b.startFrame);
  expect(sources[0]!.startFrame).toBeLessThanOrEqual(from);
  expect(sources.at(-1)!.endFrame).toBeGreaterThanOrEqual(to);
  for (const [index, source] of sources.entries()) {
    const next = sources[index + 1];
    if (next !== undefined) {
      expect(next.startFrame).toBe(source.endFrame);
      const step = next.trackPositionAt(next.startFrame) - source.trackPositionAt(source.endFrame - 1);
      expect(Math.abs(step - 1)).toBeLessThan(tolerance);
    }
    for (let frame = source.startFrame; frame + 1 < source.endFrame; frame += 1_009) {
      const step = source.trackPositionAt(frame + 1) - source.trackPositionAt(frame);
      expect(Math.abs(step - 1)).toBeLessThan(0.0031);
    }
  }
}

describe('segmented playing track', () => {
  it('plays every sample once, from the first to the last', () => {
    const { audio, begin, run } = stage();
    const track = begin(1, 0);
    run(track, 70);
    expect(audio.runs).toEqual([{ track: 'a', startedAt: 1, offset: 0, stopsAt: 63 }]);
    expectNoSeam(audio, RATE, 63 * RATE);
    expect([track.isOverAt(62.99), track.isOverAt(63)]).toEqual([false, true]);
  });

  it('holds the next half minute only', () => {
    const { audio, begin } = stage();
    begin(1, 12.5);
    expect(audio.sources.map(({ segment }) => segment.first / SEGMENT_SAMPLES)).toEqual([2, 3, 4, 5, 6, 7]);
    expect(audio.sources[0]).toMatchObject({ startedAt: 1, offset: 2.5 });
  });

  it('has no gap and no overlap of a sample when it is nudged all the time', () => {
    for (const seed of [1, 2, 3]) {
      const random = seeded(seed);
      const { audio, begin, run } = stage();
      const track = begin(0.5, 3.3);
      let shifted = 0;
      for (let now = 1; now < 55; ) {
        run(track, now);
        const shiftMs = 14 * (random() - 0.5);
        const until = track.nudge(shiftMs);
        if (until !== null) shifted += Math.round((shiftMs * RATE) / 1000);
        now = (until ?? now) + 1.5 * random();
      }
      run(track, 70);
      const start = Math.round(0.5 * RATE);
      const end = start + SAMPLES - Math.round(3.3 * RATE) - shifted;
      expect(audio.runs).toHaveLength(1);
      expect(Math.abs(audio.runs[0]!.stopsAt * RATE - end)).toBeLessThanOrEqual(1);
      expectNoSeam(audio, start, Math.round(audio.runs[0]!.stopsAt * RATE));
    }
  });

  it('starts later segments again when a nudge moves them', () => {
    const { audio, begin, jumpTo } = stage();
    const track = begin(1, 0);
    jumpTo(2);
    expect(track.nudge(2)).toBeCloseTo(4.02, 1);
    const second = audio.sources.filter(({ segment }) => segment.first === SEGMENT_SAMPLES);
    expect(second).toMatchObject([{ startedAt: 6, stoppedAt: 0 }, { startedAt: 6 - 96 / RATE }]);
    expect(audio.sources[0]!.rates.map(({ rate }) => Math.fround(rate))).toEqual([Math.fround(1 + 96 / 96_000), 1]);
  });

  it('plays a late segment in time, and is silent until then', () => {
    const { audio, there, begin, run } = stage([0, 2]);
    const track = begin(1, 0);
    run(track, 5.9);
    expect(track.isStarvedAt(5.9)).toBe(false);
    run(track, 7);
    expect(track.isStarvedAt(6.9)).toBe(true);
    expect(audio.runs.map(({ startedAt }) => startedAt)).toEqual([1, 11]);
    there.add(1);
    run(track, 7.1);
    const [, , late] = audio.sources;
    expect(late!.startedAt! - late!.offset).toBeCloseTo(6, 9);
    expect(late!.startedAt).toBeCloseTo(7.02, 1);
    expectNoSeam(audio, late!.startFrame, 15 * RATE);
  });

  it('starts a segment at the right sample within a nudge', () => {
    const { audio, there, begin, run } = stage([0]);
    const track = begin(1, 0);
    run(track, 5);
    // The first segment ends at 6 s: the nudge moves to the second, which is not there yet.
    expect(track.nudge(3)).toBeCloseTo(8, 1);
    run(track, 7);
    there.add(1).add(2);
    run(track, 7.1);
    const late = audio.sources.findLast(({ segment }) => segment.first === SEGMENT_SAMPLES)!;
    expect(late.trackPositionAt(late.startFrame)).toBeCloseTo(track.offsetAt(late.startedAt!) * RATE, -0.5);
    // The source starts on a whole sample, at most half a sample beside the nudged one.
    expectNoSeam(audio, late.startFrame, 15 * RATE, 0.51);
  });

  it('stops at a sample, and starts nothing after it', () => {
    const { audio, there, begin, run } = stage([0, 1]);
    const track = begin(1, 0);
    track.stopAt(8);
    there.add(2);
    run(track, 9);
    expect(audio.runs).toEqual([{ track: 'a', startedAt: 1, offset: 0, stopsAt: 8 }]);
    expect(track.isOverAt(8)).toBe(true);
  });

  it('names the seam for a next track that starts at about its end', () => {
    const { begin } = stage();
    const track = begin(1, 0);
    expect(track.seamAt(63.0005)).toBe(63);
    expect(track.seamAt(62.9985)).toBe(63);
    expect(track.seamAt(63.01)).toBe(63.01);
    expect(track.seamAt(50)).toBe(50);
  });

  it('jumps with a cross-fade', () => {
    const { audio, begin, jumpTo } = stage();
    const track = begin(1, 0);
    jumpTo(3);
    const next = track.jump({ at: 3.03, offset: 2.5 });
    expect(audio.runs).toMatchObject([
      { startedAt: 1, offset: 0 },
      { startedAt: 3.03, offset: 2.5, stopsAt: 33.03 - 2.5 },
    ]);
    expect(audio.runs[0]!.stopsAt).toBeCloseTo(3.08, 6);
    expect(next.offsetAt(4.03)).toBeCloseTo(3.5, 9);
    expect(audio.gains.map(({ ramps }) => ramps)).toEqual([[], [{ to: 0, at: 3.07 }], [], [{ to: 1, at: 3.07 }]]);
  });

  it('changes its loudness gradually', () => {
    const { audio, begin, jumpTo } = stage();
    const track = begin(1, 0);
    jumpTo(3);
    track.setGain(0.5);
    track.setGain(0.5);
    expect(audio.gains[0]!.ramps).toEqual([{ to: 0.5, at: 3.5 }]);
  });
});
