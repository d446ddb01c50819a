import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Calibration } from '../../calibration/calibration';
import { expectedRoom } from '../../room/expected';
import { Failure } from '../../session/http';
import { FakeAudio, fakeDecoded, fakeFetched } from '../../testing/fake-audio';
import { entry, idle, playing, room, settings } from '../../testing/fixtures';
import { FilePlayer } from './file-player';
import { QualityChoice } from './quality-choice';
import { type AudioQuality, SEGMENT_RATE_HZ } from './segments';

/** The server's clock is this far ahead; every track is one minute long. */
const AHEAD_MS = 7_200_000;
const MINUTE = 60 * SEGMENT_RATE_HZ;

let audio: FakeAudio;
let fetched: string[];
/** What every request fails with. */
let failure: Failure | null;
let decodable: AudioQuality[];
let unplayable: string[];
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
    servesFiles: (provider) => provider !== 'spotify',
    fetchSegment: async (segment) => {
      fetched.push(`${segment.track.id}/${segment.number}`);
      if (failure !== null) throw failure;
      return fakeFetched(segment, MINUTE);
    },
    decodeSegment: fakeDecoded,
    decodable: async () => decodable,
    quality: new QualityChoice(() => undefined, nowMs),
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
    onUnplayable: (id) => unplayable.push(id),
  });
}

beforeEach(async () => {
  vi.useFakeTimers();
  fetched = [];
  failure = null;
  decodable = ['lossless', 'small'];
  unplayable = [];
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
    expect(audio.runs).toMatchObject([{ track: 'track-a', startedAt: 100.2, offset: 0 }]);
    expect(fetched.slice(0, 4)).toEqual(['track-a/0', 'track-a/1', 'track-b/0', 'track-a/2']);
    expect(player.state).toBe('playing');
  });

  it('joins in mid-track', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(80_000)) }));
    await settle();
    const [run] = audio.runs;
    expect(run!.startedAt - run!.offset).toBeCloseTo(80);
    expect(run!.offset).toBeGreaterThan(20);
    expect(fetched[0], 'and fetches nothing before it').toBe('track-a/4');
  });

  it('changes tracks without a gap', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)), upcoming: [b] }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    await settle();
    expect(audio.runs).toMatchObject([
      { track: 'track-a', stopsAt: 101 },
      { track: 'track-b', startedAt: 101, offset: 0 },
    ]);
    expect(fetched.length, 'no segment twice').toBe(new Set(fetched).size);
  });

  it('starts the next track at the last sample of a file whose end is no whole millisecond', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000.4)) }));
    await settle();
    expect(audio.runs).toMatchObject([{ stopsAt: 101 }, { startedAt: 101, offset: 0 }]);
  });

  it('changes tracks at one sample even if the clocks change in between', async () => {
    player.turnOn();
    // Its file is longer.
    const short = { ...a, track: { ...a.track, duration_ms: 59_000 } };
    player.update(room({ now_playing: short, playback: playing('a', at(42_000)) }));
    await settle();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    slewMs = -5;
    await settle();
    const [ending, next] = audio.runs;
    expect(next!.track).toBe('track-b');
    expect(next!.startedAt).toBeCloseTo(101.005, 6);
    expect(ending!.stopsAt).toBe(next!.startedAt);
  });

  it('goes on with the locked track while the server is silent, and its late word changes nothing', async () => {
    player.turnOn();
    const before = room({ now_playing: a, playback: playing('a', at(41_000)), upcoming: [b], upcoming_total: 1 });
    player.update(before);
    await settle();
    failure = new Failure('offline');
    await vi.advanceTimersByTimeAsync(300);
    player.update(expectedRoom(before, 'b', at(nowMs())));
    await vi.advanceTimersByTimeAsync(7_000);
    expect(player.status()).toMatchObject({ entry: 'b', state: 'playing', error_ms: expect.closeTo(0) });
    failure = null;
    player.reconnected();
    player.update(room({ now_playing: b, playback: playing('b', at(101_000)) }));
    await vi.advanceTimersByTimeAsync(20_000);
    expect(audio.runs).toMatchObject([
      { track: 'track-a', stopsAt: 101 },
      { track: 'track-b', startedAt: 101, offset: 0 },
    ]);
  });

  it('plays the last track to its end when nothing follows', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_000)) }));
    await settle();
    player.update(room());
    expect(audio.runs).toMatchObject([{ stopsAt: 101 }]);
  });

  it('stops at once for a skip, a pause or a seek', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await vi.advanceTimersByTimeAsync(1_000);
    player.update(room({ now_playing: b, playback: playing('b', at(101_200)) }));
    await vi.advanceTimersByTimeAsync(1_000);
    player.update(room({ now_playing: b, playback: playing('b', at(102_200), 30_000) }));
    await vi.advanceTimersByTimeAsync(1_000);
    player.update(room({ now_playing: b, playback: { ...playing('b', at(103_000)), state: 'paused' } }));
    await settle();
    expect(audio.runs).toMatchObject([
      { track: 'track-a', stopsAt: 101.02 },
      { track: 'track-b', startedAt: 101.2, offset: 0, stopsAt: 102.02 },
      { track: 'track-b', startedAt: 102.2, offset: 30, stopsAt: 103.02 },
    ]);
    expect(player.state).toBe('silent');
  });

  it('silences an ending track when the next one is paused before its start', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(41_200)) }));
    await vi.advanceTimersByTimeAsync(200);
    player.update(room({ now_playing: b, playback: playing('b', at(101_200)) }));
    await settle();
    player.update(room({ now_playing: b, playback: { ...playing('b', at(100_200)), state: 'paused' } }));
    expect(audio.runs).toMatchObject([{ track: 'track-a', stopsAt: expect.closeTo(100.22) }]);
  });

  it('does not restart when only the queue changes', async () => {
    player.turnOn();
    const playback = playing('a', at(100_200));
    player.update(room({ now_playing: a, playback }));
    player.update(room({ now_playing: a, playback: { ...playback }, upcoming: [b] }));
    await settle();
    expect(audio.runs).toHaveLength(1);
    expect(audio.sources).toHaveLength(6);
  });

  it('drops a track that was still loading when the room moved on', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    player.update(room({ playback: idle }));
    await settle();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(audio.sources).toHaveLength(0);
  });

  it('ignores tracks of other providers', async () => {
    const elsewhere = { ...a, track: { ...a.track, provider: 'spotify' as const } };
    player.turnOn();
    player.update(room({ now_playing: elsewhere, playback: playing('a', at(100_200)), upcoming: [b] }));
    await settle();
    expect(player.state).toBe('silent');
    expect(fetched).toEqual(['track-b/0', 'track-b/1']);
  });

  it('plays the files of every provider that the server serves', async () => {
    const elsewhere = { ...a, track: { ...a.track, provider: 'subsonic' } };
    player.turnOn();
    player.update(room({ now_playing: elsewhere, playback: playing('a', at(100_200)) }));
    await settle();
    expect(player.state).toBe('playing');
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
    failure = new Failure('offline');
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    expect(player.state).toBe('failed');
    failure = null;
    await vi.advanceTimersByTimeAsync(3_000);
    expect(player.state).toBe('playing');
    expect(unplayable).toEqual([]);
    const [run] = audio.runs;
    expect(run!.startedAt - run!.offset, 'at the right place').toBeCloseTo(90);
  });

  it('does not retry a track that is over', async () => {
    failure = new Failure('unavailable', 503, 1_000);
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    expect(player.state).toBe('failed');
    failure = null;
    player.update(room({ now_playing: b, playback: playing('b', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(player.state).toBe('playing');
    expect(audio.runs).toMatchObject([{ track: 'track-b', startedAt: 100.2, offset: 0 }]);
    expect(fetched.filter((segment) => segment.startsWith('track-a'))).toHaveLength(1);
  });

  it.each([404, 410, 422])('reports a track that cannot be played, once (%i)', async (status) => {
    failure = new Failure('not_found', status);
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(5_000);
    expect(player.state).toBe('unplayable');
    expect(unplayable).toEqual(['a']);
    expect(fetched).toEqual(['track-a/0']);
    failure = null;
    player.update(room({ now_playing: b, playback: playing('b', at(105_500)) }));
    await settle();
    expect(player.state).toBe('playing');
  });

  it('reports a track that vanishes while it plays, but not one that waits', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await settle();
    failure = new Failure('not_found', 410);
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)), upcoming: [b] }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([player.state, unplayable]).toEqual(['playing', []]);
    await vi.advanceTimersByTimeAsync(8_000);
    expect([player.state, unplayable]).toEqual(['unplayable', ['a']]);
  });

  it('plays a track whose file was away while it waited', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await settle();
    failure = new Failure('not_found', 410);
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)), upcoming: [b] }));
    await vi.advanceTimersByTimeAsync(1_000);
    failure = null;
    player.update(room({ now_playing: b, playback: playing('b', at(101_500)) }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([player.state, unplayable]).toEqual(['playing', []]);
  });

  it('says that the browser decodes nothing, and is not waited for', async () => {
    decodable = [];
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(1_000);
    expect([player.state, player.status(), fetched]).toEqual(['undecodable', null, []]);
  });

  it('holds few segments however long a track is', async () => {
    const concert = entry('c', 'cyd', 7_200_000);
    player.turnOn();
    player.update(room({ now_playing: concert, playback: playing('c', at(100_200)), upcoming: [a, b] }));
    await settle();
    expect(new Set(fetched).size).toBe(8);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(audio.runs).toHaveLength(1);
    expect(new Set(fetched).size).toBe(11);
  });

  it('plays on by itself while segments arrive', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(100_200)) }));
    await vi.advanceTimersByTimeAsync(62_000);
    expect(audio.runs).toEqual([{ track: 'track-a', startedAt: 100.2, offset: 0, stopsAt: 160.2 }]);
  });

  it('is silent while a segment is missing, says so, and goes on in time', async () => {
    player.turnOn();
    player.update(room({ now_playing: a, playback: playing('a', at(90_000)) }));
    await settle();
    failure = new Failure('offline');
    await vi.advanceTimersByTimeAsync(31_000);
    expect(player.state).toBe('failed');
    failure = null;
    await vi.advanceTimersByTimeAsync(16_000);
    expect(player.state).toBe('playing');
    const [before, after] = audio.runs;
    expect(before!.stopsAt).toBe(130);
    expect(after!.startedAt - after!.offset).toBeCloseTo(90);
  });

  it('levels the loudness of tracks unless the room does not want it', async () => {
    const quiet = { ...a, track: { ...a.track, gain_db: 6 } };
    const levelled = (level_loudness: boolean) =>
      room({ now_playing: quiet, playback: playing('a', at(100_200)), settings: settings({ level_loudness }) });
    player.turnOn();
    player.update(levelled(true));
    await settle();
    const [, level] = audio.gains;
    expect(level!.gain.value).toBeCloseTo(1.995, 3);
    player.update(levelled(false));
    expect(level!.ramps).toEqual([{ to: 1, at: 100.5 }]);
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
    await settle();
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
    expect(audio.runs).toMatchObject([{ startedAt: 100.2, offset: 0 }]);
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
    await vi.advanceTimersByTimeAsync(1_000);
    expect(player.state).toBe('playing');
    player.update(room({ ...now, output: { mode: 'everyone', devices: ['this'] } }));
    await settle();
    expect(player.state).toBe('left_out');
    expect(audio.runs).toMatchObject([{ stopsAt: expect.closeTo(102.02) }]);
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
