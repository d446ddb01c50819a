import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAudio } from '../testing/fake-audio';
import { CLICK_EVERY_MS, click, instants, type Signal, type SignalOutput, SignalTrack, signalRhythms } from './signals';

const AHEAD_MS = 7_200_000;
let audio: FakeAudio;
let track: SignalTrack | null;

const nowMs = () => performance.now() + AHEAD_MS;
function plays(signal: Signal, lateMs = 0): SignalTrack {
  const signalOutput: SignalOutput = {
    context: audio as unknown as AudioContext,
    destination: audio.destination as AudioNode,
    nowMs,
    contextTimeAt: (serverMs) => (serverMs - AHEAD_MS - lateMs) / 1000,
  };
  track = new SignalTrack(signal, signalOutput);
  return track;
}
const startsMs = () => audio.sources.map(({ startedAt }) => Math.round(startedAt! * 1000) + AHEAD_MS);

beforeEach(async () => {
  vi.useFakeTimers();
  audio = new FakeAudio(() => performance.now());
  track = null;
  await vi.advanceTimersByTimeAsync(100_050 - performance.now());
});
afterEach(() => {
  track?.stop();
  vi.useRealTimers();
});

describe('signals', () => {
  it('play at instants that every device agrees on', () => {
    expect(instants({ everyMs: 600, slotMs: 0 }, 1_000, 3_000)).toEqual([1_200, 1_800, 2_400]);
    expect(instants({ everyMs: 600, slotMs: 0 }, 1_200, 1_800)).toEqual([1_200]);
    expect(instants(signalRhythms.up, 0, 6_000)).toEqual([0, 3_000]);
    expect(instants(signalRhythms.down, 0, 6_000)).toEqual([1_500, 4_500]);
  });

  it('are scheduled ahead, each once, until they are stopped', async () => {
    plays('click');
    await vi.advanceTimersByTimeAsync(3_000);
    const planned = startsMs();
    expect(planned.length).toBeGreaterThanOrEqual(6);
    for (const [index, at] of planned.entries()) expect(at).toBe(planned[0]! + index * CLICK_EVERY_MS);
    expect(planned[0]! % CLICK_EVERY_MS).toBe(0);
    expect(planned.at(-1)).toBeLessThanOrEqual(nowMs() + 4_000);
    track!.stop();
    await vi.advanceTimersByTimeAsync(3_000);
    expect(startsMs()).toEqual(planned);
    // Scheduled clicks that have not started yet are cancelled.
    expect(audio.sources.at(-1)!.stoppedAt).toBe(0);
  });

  it('play earlier by the output’s latency', () => {
    plays('up', 120);
    expect(startsMs()[0]! % 3_000).toBe(3_000 - 120);
  });

  it('do not catch up after a sleep', async () => {
    const real = globalThis.setInterval;
    let asleep = false;
    vi.stubGlobal('setInterval', (call: () => void, ms: number) => real(() => asleep || call(), ms));
    plays('click');
    asleep = true;
    await vi.advanceTimersByTimeAsync(20_000);
    asleep = false;
    await vi.advanceTimersByTimeAsync(250);
    vi.unstubAllGlobals();
    const late = startsMs().filter((at) => at > 120_000 + AHEAD_MS);
    expect(late.every((at) => at >= nowMs() - 250)).toBe(true);
    expect(late.length).toBeLessThan(9);
  });

  it('click with a sharp attack', () => {
    const samples = click(48_000);
    const loudest = samples.reduce(
      (best, value, index) => (Math.abs(value) > Math.abs(samples[best]!) ? index : best),
      0,
    );
    expect(loudest / 48).toBeLessThan(1);
    expect(Math.abs(samples.at(-1)!)).toBeLessThan(0.01);
  });
});
