import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Entry, Playback } from '$protocol';
import { Failure } from '../../session/http';
import { positionAt } from '../../sync/timeline';
import { fakeMemory } from '../../testing/fake-device';
import { FakeSpotify } from '../../testing/fake-spotify-sdk';
import { entry, idle, playing, room } from '../../testing/fixtures';
import type { PlayerState } from '../device-player';
import { type SpotifyCondition, SpotifyPlayer } from './spotify-player';

/** The server's clock is this far ahead. */
const AHEAD_MS = 7_200_000;
const nowMs = () => performance.now();
const serverMs = () => nowMs() + AHEAD_MS;
const pass = (ms: number) => vi.advanceTimersByTimeAsync(ms);

let spotify: FakeSpotify;
let player: SpotifyPlayer;
let states: PlayerState[];
let conditions: SpotifyCondition[];
let seen: string[];
let token: () => Promise<string>;
let followed: Playback;

function fromSpotify(id: string, durationMs = 180_000): Entry {
  const made = entry(id, 'ana', durationMs);
  spotify.durations[`track-${id}`] = durationMs;
  return { ...made, track: { ...made.track, provider: 'spotify' } };
}

function plays(what: Entry, playback: Playback, next: Entry[] = []): void {
  followed = playback;
  player.update(room({ now_playing: what, playback, upcoming: next }));
}

/** How far the audible position is off the room's timeline; `null`: nothing plays. */
function lateMs(): number | null {
  const heard = spotify.heard();
  return heard === null ? null : positionAt(followed, serverMs()) - heard.positionMs;
}

beforeEach(async () => {
  vi.useFakeTimers();
  spotify = new FakeSpotify(nowMs);
  states = [];
  conditions = [];
  seen = [];
  token = async () => 'token';
  player = new SpotifyPlayer({
    device: 'here',
    loadSdk: async () => spotify.sdk,
    token: () => token(),
    recheck: async () => void seen.push('recheck'),
    reportPremiumEvidence: async (event) => {
      seen.push(event);
      const refusals = seen.filter((known) => known === 'account_error').length;
      return refusals < 3 ? 'unknown' : 'not_premium';
    },
    play: (start) => spotify.play(start),
    name: 'Chrome on Linux',
    random: () => 0.5,
    clock: { ready: true, deviationMs: 1, now: serverMs, toLocal: (ms) => ms - AHEAD_MS },
    localNowMs: nowMs,
    memory: fakeMemory(),
    onState: (state) => states.push(state),
    onCondition: (condition) => conditions.push(condition),
  });
  await pass(100_000 - nowMs());
});
afterEach(() => {
  player.turnOff();
  vi.useRealTimers();
});

describe('Spotify player', () => {
  it('joins in mid-track, more exactly with every start', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() - 30_000));
    await pass(8_000);
    expect(player.state).toBe('playing');
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
    expect(player.status()).toMatchObject({ entry: 'a', state: 'playing' });
    for (const id of ['b', 'c', 'd']) {
      plays(fromSpotify(id), playing(id, serverMs() + 200));
      await pass(8_000);
    }
    expect(Math.abs(lateMs()!)).toBeLessThan(30);
    expect(Math.abs(player.errorMs!)).toBeLessThan(30);
    expect(player.status()).toMatchObject({ measured: 'estimated', ready: ['d'] });
    expect(player.status()!.deviation_ms).toBeGreaterThan(20);
    expect(spotify.commands.filter((command) => command.startsWith('seek'))).toEqual([]);
  });

  it('is ready once connected, and reports it to the server', async () => {
    player.turnOn();
    await pass(100);
    expect(player.condition).toBe('ready');
    expect(seen).toEqual(['ready']);
    expect(player.able).toBe(true);
    expect(player.status()).toMatchObject({ entry: null, state: 'idle' });
  });

  it.each([0, 200, 600, 1_000])('is in sync with %i ms of latency after a few starts', async (latencyMs) => {
    spotify.latencyMs = latencyMs;
    player.turnOn();
    for (const id of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) {
      plays(fromSpotify(id), playing(id, serverMs() + 200));
      await pass(30_000);
    }
    expect(Math.abs(lateMs()!)).toBeLessThan(40);
  });

  it('follows a seek, a pause and a skip', async () => {
    const a = fromSpotify('a');
    player.turnOn();
    plays(a, playing('a', serverMs() + 200));
    await pass(10_000);
    plays(a, playing('a', serverMs() + 200, 120_000));
    await pass(5_000);
    expect(spotify.heard()!.positionMs).toBeGreaterThan(124_000);
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
    plays(a, { ...playing('a', serverMs(), 125_000), state: 'paused' });
    await pass(500);
    expect(spotify.heard()).toBeNull();
    expect(player.state).toBe('silent');
    plays(a, playing('a', serverMs() + 200, 125_000));
    await pass(5_000);
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
    plays(fromSpotify('b'), playing('b', serverMs() + 200));
    await pass(5_000);
    expect(spotify.heard()!.track).toBe('track-b');
  });

  it('is silent until a future start', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(5_000);
    plays(fromSpotify('b'), playing('b', serverMs() + 3_000));
    await pass(1_000);
    expect(spotify.heard()).toBeNull();
    await pass(3_000);
    expect(spotify.heard()!.track).toBe('track-b');
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('plays a track to its end, and then the next one', async () => {
    const [a, b] = [fromSpotify('a', 20_000), fromSpotify('b')];
    player.turnOn();
    const startMs = serverMs() + 200;
    plays(a, playing('a', startMs), [b]);
    await pass(19_200);
    // Announced a second before, as by the server.
    plays(b, playing('b', startMs + 20_000));
    await pass(300);
    expect(spotify.heard()!.track, 'still the old one').toBe('track-a');
    await pass(4_000);
    expect(spotify.heard()!.track).toBe('track-b');
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('does not let Spotify choose the next track', async () => {
    const a = fromSpotify('a', 20_000);
    player.turnOn();
    const startMs = serverMs() + 200;
    plays(a, playing('a', startMs));
    await pass(19_300);
    player.update(room({ playback: { ...idle, anchor_at_ms: startMs + 20_000 } }));
    const tracks = new Set<string>();
    for (let step = 0; step < 200; step += 1) {
      await pass(20);
      tracks.add(spotify.heard()?.track ?? 'silence');
    }
    expect([...tracks]).toEqual(['track-a', 'silence']);
    expect(spotify.heard()).toBeNull();
  });

  it('mutes what Spotify plays before the next track', async () => {
    spotify.latencyMs = 1_000;
    const [a, b] = [fromSpotify('a', 20_000), fromSpotify('b')];
    player.turnOn();
    const startMs = serverMs() + 200;
    plays(a, playing('a', startMs), [b]);
    await pass(19_300);
    spotify.refusals = [new Failure('unavailable', 503)];
    plays(b, playing('b', startMs + 20_000));
    await pass(2_000);
    expect(spotify.heard(), 'the start failed, and Spotify went on by itself').toBeNull();
    await pass(8_000);
    expect(spotify.heard()!.track).toBe('track-b');
  });

  it('is silent while the room plays a file', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(5_000);
    plays(entry('f', 'ana'), playing('f', serverMs() + 200));
    await pass(1_000);
    expect(spotify.heard()).toBeNull();
    expect(player.state).toBe('silent');
  });

  it('is silent while the room’s output excludes it', async () => {
    const a = fromSpotify('a');
    const playback = playing('a', serverMs() + 200);
    player.turnOn();
    plays(a, playback);
    await pass(5_000);
    player.update(room({ now_playing: a, playback, output: { mode: 'speakers', devices: ['other'] } }));
    await pass(1_000);
    expect(spotify.heard()).toBeNull();
    expect(player.state).toBe('left_out');
    player.update(room({ now_playing: a, playback, output: { mode: 'speakers', devices: ['here'] } }));
    await pass(5_000);
    expect(spotify.heard()!.track).toBe('track-a');
  });

  it('corrects a large error by one seek', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(6_000);
    spotify.move(spotify.heard()!.positionMs - 2_000);
    await pass(10_000);
    expect(spotify.commands.filter((command) => command.startsWith('seek'))).toHaveLength(1);
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('is not misled by a position that runs ahead while buffering', async () => {
    spotify.bufferingMs = 1_500;
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(20_000);
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
    plays(fromSpotify('b'), playing('b', serverMs() + 200));
    await pass(20_000);
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('copes with missing and late events', async () => {
    spotify.mutedEvents = 1_000;
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(15_000);
    expect(player.state).toBe('playing');
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
    spotify.mutedEvents = 0;
    spotify.eventDelayMs = 1_500;
    plays(fromSpotify('b'), playing('b', serverMs() + 200));
    await pass(15_000);
    expect(spotify.heard()!.track).toBe('track-b');
    expect(Math.abs(lateMs()!)).toBeLessThan(300);
    expect(spotify.commands.filter((command) => command.startsWith('play track-b'))).toHaveLength(1);
  });

  it.each([true, false])('accepts the same recording from another album (linked_from: %s)', async (saysLinkedFrom) => {
    spotify.relinks = { 'track-a': 'elsewhere' };
    spotify.saysLinkedFrom = saysLinkedFrom;
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(10_000);
    expect(player.state).toBe('playing');
    expect(player.status()).toMatchObject({ entry: 'a' });
    expect(spotify.commands.filter((command) => command.startsWith('play'))).toHaveLength(1);
  });

  it('plays the same track twice in a row', async () => {
    const a = fromSpotify('a', 20_000);
    const again = { ...a, id: 'again' };
    player.turnOn();
    const startMs = serverMs() + 200;
    plays(a, playing('a', startMs));
    await pass(19_300);
    plays(again, playing('again', startMs + 20_000));
    await pass(5_000);
    expect(player.status()).toMatchObject({ entry: 'again' });
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('reports an unplayable track, and continues with the next', async () => {
    spotify.unplayable.add('track-a');
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(30_000);
    expect(player.condition).toBe('unplayable');
    expect(spotify.commands.filter((command) => command.startsWith('play'))).toHaveLength(3);
    expect(player.status()).toBeNull();
    plays(fromSpotify('b'), playing('b', serverMs() + 200));
    await pass(5_000);
    expect(player.condition).toBe('ready');
    expect(spotify.heard()!.track).toBe('track-b');
  });

  it('does not take the account back from another device until the user asks', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(5_000);
    spotify.playElsewhere();
    await pass(30_000);
    expect(player.condition).toBe('taken');
    expect(player.status()).toBeNull();
    plays(fromSpotify('b'), playing('b', serverMs() + 200));
    await pass(5_000);
    expect(spotify.heard()).toBeNull();
    player.turnOn();
    await pass(5_000);
    expect(spotify.heard()!.track).toBe('track-b');
  });

  it('resumes after a pause that the room did not request', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(8_000);
    spotify.pauseByHand();
    await pass(8_000);
    expect(spotify.heard()!.track).toBe('track-a');
    expect(Math.abs(lateMs()!)).toBeLessThan(250);
  });

  it('waits for a user gesture where the browser requires one', async () => {
    spotify.reluctant = true;
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    player.turnOn();
    await pass(2_000);
    expect(player.state).toBe('blocked');
    expect(player.status()).toBeNull();
    player.turnOn();
    await pass(5_000);
    expect(player.state).toBe('playing');
    expect(spotify.heard()!.track).toBe('track-a');
  });

  it('sets the volume, also for later starts', async () => {
    player.setVolume(0.3);
    player.turnOn();
    await pass(1_000);
    expect(spotify.volume).toBe(0.3);
    player.setVolume(0.6);
    expect(spotify.volume).toBe(0.6);
  });

  it('is off when it is turned off', async () => {
    player.turnOn();
    plays(fromSpotify('a'), playing('a', serverMs() + 200));
    await pass(5_000);
    player.turnOff();
    await pass(5_000);
    expect(spotify.heard()).toBeNull();
    expect(spotify.players).toEqual([]);
    expect(player.status()).toBeNull();
    expect(player.condition).toBe('off');
  });
});

describe('a device that cannot play Spotify', () => {
  it.each([
    ['not_found', 'not_linked'],
    ['premium_required', 'not_premium'],
    ['needs_login', 'needs_login'],
  ] as const)('learns it from the server before loading a script (%s)', async (code, condition) => {
    token = async () => {
      throw new Failure(code);
    };
    player.turnOn();
    await pass(60_000);
    expect(player.condition).toBe(condition);
    expect(player.able).toBe(false);
    expect(player.status()).toBeNull();
    expect(spotify.players).toEqual([]);
  });

  it('keeps Premium after one false refusal', async () => {
    spotify.premium = false;
    player.turnOn();
    await pass(1_000);
    expect(player.condition).toBe('connecting');
    spotify.premium = true;
    await pass(5_000);
    expect(player.condition).toBe('ready');
    expect(seen).toEqual(['account_error', 'ready']);
  });

  it('lacks Premium after three refusals, and does not retry', async () => {
    spotify.premium = false;
    player.turnOn();
    await pass(60_000);
    expect(player.condition).toBe('not_premium');
    expect(seen).toEqual(['account_error', 'account_error', 'account_error']);
  });

  it('reports an unsupported browser', async () => {
    spotify.protectedMedia = false;
    player.turnOn();
    await pass(1_000);
    expect(player.condition).toBe('unsupported');
  });

  it('waits as long as Spotify’s rate limit says', async () => {
    token = async () => {
      throw new Failure('rate_limited', 429, 19_000_000);
    };
    player.turnOn();
    await pass(60_000);
    expect(player.condition).toBe('busy');
    token = async () => 'token';
    await pass(18_900_000);
    expect(player.condition).toBe('busy');
    await pass(200_000);
    expect(player.condition).toBe('ready');
  });

  it('retries with a new token after a rejected one', async () => {
    spotify.tokensGood = false;
    player.turnOn();
    await pass(1_000);
    expect(player.condition).toBe('unreachable');
    expect(seen).toEqual(['recheck']);
    spotify.tokensGood = true;
    await pass(10_000);
    expect(player.condition).toBe('ready');
  });

  it('keeps retrying while the server is not reachable', async () => {
    let tries = 0;
    token = async () => {
      tries += 1;
      throw new Failure('offline');
    };
    player.turnOn();
    await pass(120_000);
    expect(player.condition).toBe('unreachable');
    expect(tries).toBeGreaterThan(5);
    expect(tries).toBeLessThan(40);
  });
});
