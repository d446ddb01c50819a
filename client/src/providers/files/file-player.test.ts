import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Calibration } from '../../calibration/calibration';
import { FakeAudio } from '../../testing/fake-audio';
import { entry, idle, playing, room } from '../../testing/fixtures';
import { FilePlayer } from './file-player';

/** The server's clock is this far ahead; every track is one minute long. */
const AHEAD_MS = 7_200_000;
const MINUTE_S = 60;

let audio: FakeAudio;
let fetched: string[];
let failing: boolean;
let ready: boolean;
let slewMs: number;
let calibrated: Calibration | null;
let readies: number;
let player: FilePlayer;

const nowMs = () => performance.now();
const at = (localMs: number) => localMs + AHEAD_MS;
const settle = () => vi.advanceTimersByTimeAsync(0);
const a = entry('a', 'ana', 60_000);
const b = entry('b', 'ben', 60_000);

function create(allowed = true): void {
  audio = new FakeAudio(nowMs, allowed);
  player = new FilePlayer({
    device: 'this',
    createContext: () => audio as unknown as AudioContext,
    fetchAudio: async ({ id }) => {
      fetched.push(id);
      if (failing) throw new Error('network');
      return new ArrayBuffer(MINUTE_S);
    },
    clock: {
      get ready() {
        return ready;
      },
      deviationMs: 0.3,
      now: () => at(nowMs()) + slewMs,
      toLocal: (serverMs) => serverMs - AHEAD_MS - slewMs,
    },
    localNowMs: nowMs,
    calibrated: () => calibrated,
    onState: () => {},
    onReady: () => {
      readies += 1;
    },
  });
}

beforeEach(async () => {
  vi.useFakeTimers();
  fetched = [];
  failing = false;
  ready = true;
  slewMs = 0;
  calibrated = null;
  readies = 0;
  create();
  await vi.advanceTimersByTimeAsync(100_000 - nowMs());
});
afterEach(() => {
  player.turnOff();
  vi.useRealTimers();
});

describe('file player', () => {
  it('is silent, and fetches nothing, until it is turned on', async () => {
    player.update(room({ now_playing: a, playback: playing('a', at(100_000)) }));
    await settle();
    expect(player.state).toBe('off');
    expect(fetched).toEqual([]);
  });

  it('starts exactly at a future anchor, and prepares the next track', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)), upcoming: [b] }));
    await settle();
    expect(audio.sources).toMatchObject([{ startedAt: 100.2, offset: 0 }]);
    expect(fetched).toEqual(['track-a', 'track-b']);
    expect(player.state).toBe('playing');
  });

  it('joins in mid-track', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(80_000)) }));
    await settle();
    const [source] = audio.sources;
    expect(source!.startedAt! - source!.offset).toBeCloseTo(80);
    expect(source!.offset).toBeGreaterThan(20);
  });

  it('changes tracks without a gap', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)), upcoming: [b] }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    await settle();
    expect(audio.sources).toMatchObject([{ stoppedAt: 101 }, { startedAt: 101, offset: 0 }]);
    expect(fetched).toEqual(['track-a', 'track-b']);
  });

  it('changes tracks at one sample even if the clocks change in between', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    slewMs = -5;
    await settle();
    const [ending, next] = audio.sources;
    expect(next!.startedAt).toBeCloseTo(101.005, 6);
    expect(ending!.stoppedAt).toBe(next!.startedAt);
  });

  it('plays the last track to its end when nothing follows', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)) }));
    await settle();
    player.update(room());
    expect(audio.sources).toMatchObject([{ stoppedAt: null }]);
  });

  it('stops at once for a skip, a pause or a seek', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(100_200)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(100_200), 30_000) }));
    await settle();
    player.update(room({ now_playing: b, playback: { ...playing('b', at(100_000)), state: 'paused' } }));
    await settle();
    expect(audio.sources).toMatchObject([
      { stoppedAt: 100.02 },
      { stoppedAt: 100.02 },
      { startedAt: 100.2, offset: 30, stoppedAt: 100.02 },
    ]);
    expect(player.state).toBe('silent');
  });

  it('silences an ending track when the next one is paused before its start', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: { ...playing('b', at(100_000)), state: 'paused' } }));
    expect(audio.sources[0]!.stoppedAt).toBeCloseTo(100.02);
  });

  it('does not restart when only the queue changes', async () => {
    player.turnOn();
    const playback = playing('a', at(100_200));
    player.update(room({ now_playing: a, playback }));
    player.update(room({ now_playing: a, playback: { ...playback }, upcoming: [b] }));
    await settle();
    expect(audio.sources).toHaveLength(1);
  });

  it('drops a track that was still loading when the room moved on', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    player.update(room({ playback: idle }));
    await settle();
    expect(audio.sources).toHaveLength(0);
  });

  it('ignores tracks of other providers', async () => {
    const elsewhere = { ...a, track: { ...a.track, provider: 'spotify' as const } };
    player.turnOn();
    player.update(room({ now_playing: elsewhere, playback: playing('a', at(100_200)), upcoming: [b] }));
    await settle();
    expect(player.state).toBe('silent');
    expect(fetched).toEqual(['track-b']);
  });

  it('waits for the clock before the first start', async () => {
    ready = false;
    player.turnOn();
    const now = room({ now_playing: a, playback: playing('a', at(90_000)) });
    player.update(now);
    await settle();
    expect(player.state).toBe('loading');
    ready = true;
    player.update(now);
    await settle();
    expect(player.state).toBe('playing');
  });

  it('waits for a user gesture where the browser requires one', async () => {
    create(false);
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await vi.advanceTimersByTimeAsync(500);
    expect(player.state).toBe('blocked');
    expect(player.status()).toBeNull();
    audio.becomes('running');
    await settle();
    expect(player.state).toBe('playing');
  });

  it('retries when a track cannot be fetched', async () => {
    failing = true;
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    expect(player.state).toBe('failed');
    failing = false;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(player.state).toBe('playing');
  });

  it('does not retry a track that is over', async () => {
    failing = true;
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    expect(player.state).toBe('failed');
    failing = false;
    player.update(room({ now_playing: b, playback: playing('b', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(player.state).toBe('playing');
    expect(audio.sources).toMatchObject([{ startedAt: 100.2, stoppedAt: null }]);
  });

  it('measures its error and reports it', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(1_200);
    expect(player.errorMs).toBeCloseTo(0);
    expect(player.status()).toMatchObject({ entry: 'a', state: 'playing', at_ms: at(101_200) });
    expect(player.status()?.position_ms).toBeCloseTo(1_000);
    expect(player.level()).toBeCloseTo(0.5);
  });

  it('reports its uncertainty, and whether it is calibrated', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(100);
    // Nothing is measured before it is audible.
    expect(player.status()?.measured).toBeUndefined();
    await vi.advanceTimersByTimeAsync(1_100);
    expect(player.status()).toMatchObject({ measured: 'estimated' });
    expect(player.status()?.deviation_ms).toBeCloseTo(0.67, 1);
    calibrated = { offset_ms: 40, error_ms: 4, how: 'tapped', at_ms: 0 };
    expect(player.status()).toMatchObject({ measured: 'heard' });
    expect(player.status()?.deviation_ms).toBeCloseTo(4.05, 1);
  });

  it('reports ready entries at once', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(103_000)), upcoming: [b] }));
    expect(player.status()?.ready).toEqual([]);
    await settle();
    expect(readies).toBe(2);
    expect(player.status()?.ready).toEqual(['a', 'b']);
    player.update(room({ now_playing: b, playback: playing('b', at(100_200)) }));
    expect(player.status()?.ready).toEqual(['b']);
  });

  it('follows a start that is moved forward when all devices are ready', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(103_000)) }));
    await settle();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await settle();
    expect(audio.sources).toMatchObject([
      { startedAt: 103, stoppedAt: 100.02 },
      { startedAt: 100.2, offset: 0, stoppedAt: null },
    ]);
  });

  it('is silent and fetches nothing while the room’s output excludes it', async () => {
    player.turnOn();
    const now = { now_playing: a, playback: playing('a', at(90_000)), upcoming: [b] };
    player.update(room({ ...now, output: { mode: 'speakers', devices: ['other'] } }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(player.state).toBe('left_out');
    expect(fetched).toEqual([]);
    expect(player.status()).toMatchObject({ state: 'idle', ready: [] });
    player.update(room({ ...now, output: { mode: 'speakers', devices: ['other', 'this'] } }));
    await settle();
    expect(player.state).toBe('playing');
    player.update(room({ ...now, output: { mode: 'everyone', devices: ['this'] } }));
    await settle();
    expect(player.state).toBe('left_out');
    expect(audio.sources[0]!.stoppedAt).toBeCloseTo(101.02);
    player.update(room(now));
    await settle();
    expect(player.state).toBe('playing');
  });

  it('provides an output for calibration signals', async () => {
    expect(player.signalOutput(true)).toBeNull();
    player.turnOn();
    player.update(room());
    await vi.advanceTimersByTimeAsync(1_000);
    calibrated = { offset_ms: 40, error_ms: 4, how: 'tapped', at_ms: 0 };
    const signalOutput = player.signalOutput(false)!;
    expect(signalOutput.nowMs()).toBe(at(101_000));
    expect(signalOutput.contextTimeAt(at(102_000))).toBeCloseTo(102);
    expect(player.signalOutput(true)!.contextTimeAt(at(102_000))).toBeCloseTo(101.96);
  });
});
