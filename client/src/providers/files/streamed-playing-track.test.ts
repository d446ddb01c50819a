import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakeAudio } from '../../testing/fake-audio';
import { FakeFiles, type FakeMedia, type Habits } from '../../testing/fake-media';
import { entry, playing, room } from '../../testing/fixtures';
import { FilePlayer } from './file-player';
import { LongTrackCache } from './long-track';

/** A set of two hours, too long to be decoded. */
const TWO_HOURS_MS = 7_200_000;
const set = entry('set', 'ana', TWO_HOURS_MS);
const song = entry('song', 'ben', 60_000);
const nowMs = () => performance.now();

let audio: FakeAudio;
let files: FakeFiles;
let decoded: string[];
let player: FilePlayer;
let readies: number;

function create(habits?: Habits): void {
  audio = new FakeAudio(nowMs);
  files = new FakeFiles(nowMs, TWO_HOURS_MS / 1000, habits);
  decoded = [];
  readies = 0;
  player = new FilePlayer({
    device: 'this',
    createContext: () => audio as unknown as AudioContext,
    fetchAudio: async ({ id }) => {
      decoded.push(id);
      return new ArrayBuffer(60);
    },
    long: files,
    clock: { ready: true, deviationMs: 0, now: nowMs, toLocal: (serverMs) => serverMs },
    localNowMs: nowMs,
    onState: () => {},
    onReady: () => {
      readies += 1;
    },
  });
  player.turnOn();
}

const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);
const element = (): FakeMedia => files.elements.at(-1)!;
/** How late it really is, in ms, for a timeline that started at the server's 0. */
const lateMs = (startMs: number) => nowMs() - startMs - element().currentTime * 1000;

beforeEach(async () => {
  vi.useFakeTimers();
  await pass(100_000 - nowMs());
  create();
});
afterEach(() => {
  player.turnOff();
  vi.useRealTimers();
});

describe('a track that is too long to be decoded', () => {
  it('plays from its file, and reports ready', async () => {
    player.update(room({ now_playing: set, playback: playing('set', 101_000) }));
    await pass(10);
    expect(files.fetched).toEqual(['track-set']);
    expect(decoded).toEqual([]);
    expect(player.state).toBe('playing');
    expect(player.status()?.ready).toEqual(['set']);
    expect(readies).toBe(1);
    expect(element().sounds).toBe(false);
    await pass(2_000);
    expect(element().sounds).toBe(true);
    expect(element().preservesPitch).toBe(false);
  });

  it('joins in mid-track', async () => {
    player.update(room({ now_playing: set, playback: playing('set', 50_000) }));
    await pass(3_000);
    expect(Math.abs(lateMs(50_000))).toBeLessThan(130);
    await pass(30_000);
    expect(Math.abs(lateMs(50_000))).toBeLessThan(15);
    expect(player.status()).toMatchObject({ entry: 'set', state: 'playing', measured: 'estimated' });
    // A media element's position is not exact, and the status does not claim that it is.
    expect(player.status()?.deviation_ms).toBeGreaterThan(9);
  });

  it('catches up by a small change of rate, and follows with its own clock', async () => {
    create({ startMs: 90, seekMs: 50, ppm: 200 });
    player.update(room({ now_playing: set, playback: playing('set', 100_100) }));
    await pass(25_000);
    const seen: number[] = [];
    for (let second = 0; second < 120; second += 1) {
      await pass(1_000);
      seen.push(Math.abs(lateMs(100_100)));
    }
    expect(Math.max(...seen)).toBeLessThan(20);
    expect(element().rates.every((rate) => Math.abs(rate - 1) < 0.0051)).toBe(true);
  });

  it('seeks after a stall, and learns the seek delay', async () => {
    create({ startMs: 40, seekMs: 180, ppm: 0 });
    player.update(room({ now_playing: set, playback: playing('set', 100_100) }));
    await pass(10_000);
    const first = element().seeks;
    // The system interrupted playback.
    element().pause();
    await pass(30_000);
    expect(Math.abs(lateMs(100_100))).toBeLessThan(15);
    expect(element().seeks).toBeGreaterThan(first);
    const learned = element().seeks;
    element().pause();
    await pass(4_000);
    expect(element().seeks).toBe(learned + 1);
    expect(Math.abs(lateMs(100_100))).toBeLessThan(60);
  });

  it('starts earlier the next time by the learned delay', async () => {
    create({ startMs: 110, seekMs: 10, ppm: 0 });
    player.update(room({ now_playing: set, playback: playing('set', 101_000) }));
    await pass(1_300);
    expect(lateMs(101_000)).toBeGreaterThan(100);
    await pass(500);
    player.update(room({ now_playing: set, playback: { ...playing('set', 102_000), state: 'paused' } }));
    await pass(500);
    player.update(room({ now_playing: set, playback: playing('set', nowMs() + 1_000) }));
    const startMs = nowMs() + 1_000;
    await pass(1_300);
    expect(Math.abs(lateMs(startMs))).toBeLessThan(25);
  });

  it('is silent during a pause, and is released when the room moves on', async () => {
    player.update(room({ now_playing: set, playback: playing('set', 100_100) }));
    await pass(2_000);
    player.update(room({ now_playing: set, playback: { ...playing('set', 100_100), state: 'paused' } }));
    await pass(100);
    expect(element().paused).toBe(true);
    expect(player.state).toBe('silent');
    player.update(room({ now_playing: song, playback: playing('song', nowMs() + 200) }));
    await pass(500);
    expect(element().closed).toBe(true);
    expect([...files.addresses]).toEqual([]);
    expect(decoded).toEqual(['track-song']);
  });

  it('plays to its end although the next track is announced', async () => {
    const startMs = nowMs() - TWO_HOURS_MS + 5_000;
    player.update(room({ now_playing: set, playback: playing('set', startMs), upcoming: [song] }));
    await pass(4_200);
    expect(decoded).toEqual(['track-song']);
    const next = { now_playing: song, playback: playing('song', startMs + TWO_HOURS_MS) };
    player.update(room(next));
    player.update(room({ ...next, upcoming: [set] }));
    await pass(500);
    expect(element().sounds).toBe(true);
    expect(element().closed).toBe(false);
    await pass(1_500);
    expect(element().sounds).toBe(false);
    expect(audio.sources).toHaveLength(1);
  });

  it('is fetched after the current track, and only while it comes next', async () => {
    const now = { now_playing: song, playback: playing('song', 100_100) };
    player.update(room({ ...now, upcoming: [set] }));
    await pass(10);
    expect(decoded).toEqual(['track-song']);
    expect(files.fetched).toEqual(['track-set']);
    expect(player.status()?.ready).toEqual(['song', 'set']);
    player.update(room(now));
    await pass(10);
    expect(element().closed).toBe(true);
    expect(player.status()?.ready).toEqual(['song']);
  });

  it('is retried when it cannot be fetched or played', async () => {
    files.failing = true;
    player.update(room({ now_playing: set, playback: playing('set', 100_100) }));
    await pass(10);
    expect(player.state).toBe('failed');
    files.failing = false;
    files.broken = true;
    await pass(3_010);
    expect(player.state).toBe('failed');
    expect([...files.addresses]).toEqual([]);
    files.broken = false;
    await pass(3_010);
    expect(player.state).toBe('playing');
  });
});

describe('long tracks', () => {
  it('are aborted while loading when no longer wanted', async () => {
    const tracks = new LongTrackCache(files);
    const opened = tracks.get(set.track);
    tracks.keepOnly([]);
    await pass(10);
    await expect(opened).resolves.toBeDefined();
    expect(tracks.isReady(set.track)).toBe(false);
    expect(element().closed).toBe(true);
  });

  it('of two providers with the same id are kept apart', async () => {
    const tracks = new LongTrackCache(files);
    const other = { provider: 'spotify', id: set.track.id } as const;
    const opened = Promise.all([tracks.get(set.track), tracks.get(other)]);
    await pass(10);
    const [one, two] = await opened;
    expect(one).not.toBe(two);
    expect(files.fetched).toHaveLength(2);
    tracks.keepOnly([other]);
    expect([tracks.isReady(set.track), tracks.isReady(other)]).toEqual([false, true]);
  });
});
