import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { DevicePlayback, Entry, Room } from '$protocol';
import type { DevicePlayer, PlayerState } from '../providers/device-player';
import type { SpotifyPlayer } from '../providers/spotify/spotify-player';
import { entry, playing, room } from '../testing/fixtures';
import { CombinedPlayer } from './combined-player';

/** A player that only records calls. */
class StillPlayer implements DevicePlayer {
  state: PlayerState = 'off';
  errorMs: number | null = null;
  deviationMs: number | null = null;
  volume = 1;
  rooms: Room[] = [];
  status_: DevicePlayback | null = null;
  turnOn = () => {
    this.state = 'silent';
  };
  turnOff = () => {
    this.state = 'off';
  };
  wake = vi.fn();
  setVolume = (volume: number) => {
    this.volume = volume;
  };
  update = (to: Room) => void this.rooms.push(to);
  level = () => 0.5;
  status = () => this.status_;
}

const file = entry('f', 'ana');
const song: Entry = { ...entry('s', 'ana'), track: { ...file.track, provider: 'spotify' } };
/** From a provider that a newer server knows. */
const unknown: Entry = { ...entry('u', 'ana'), track: { ...file.track, provider: 'radio' } };
const on = (what: Entry, upcoming: Entry[] = []) =>
  room({ now_playing: what, playback: playing(what.id, 0), upcoming });
const saying = (error_ms: number, ...ready: string[]): DevicePlayback => ({
  entry: null,
  position_ms: 0,
  at_ms: 0,
  error_ms,
  state: 'idle',
  ready,
});

let files: StillPlayer;
let spotify: StillPlayer;
let here: boolean;
let loads: number;
let states: PlayerState[];
let players: CombinedPlayer;

beforeEach(() => {
  files = new StillPlayer();
  spotify = new StillPlayer();
  here = true;
  loads = 0;
  states = [];
  players = new CombinedPlayer({
    files,
    servesFiles: (provider) => provider === 'library' || provider === 'subsonic',
    loadSpotify: async () => {
      loads += 1;
      return spotify as unknown as SpotifyPlayer;
    },
    hearsSpotifyHere: () => here,
    onState: (state) => states.push(state),
    onSpotify: () => {},
  });
});
const settle = () => new Promise<void>((resolve) => queueMicrotask(() => queueMicrotask(resolve)));

describe('combined player', () => {
  it('loads the Spotify player when there is a track for it, and not before', async () => {
    players.turnOn();
    players.update(on(file));
    await settle();
    expect(loads).toBe(0);
    players.setVolume(0.3);
    players.update(on(file, [song]));
    await settle();
    expect(loads).toBe(1);
    expect(spotify).toMatchObject({ state: 'silent', volume: 0.3 });
    players.update(on(song));
    await settle();
    expect(loads).toBe(1);
    expect(spotify.rooms.at(-1)?.now_playing?.id).toBe('s');
  });

  it('loads nothing for users who have not linked Spotify, or hear it elsewhere', async () => {
    here = false;
    players.turnOn();
    players.update(on(song));
    await settle();
    expect(loads).toBe(0);
    expect(players.status(), 'the room does not wait for this device').toBeNull();
    here = true;
    players.accountChanged();
    await settle();
    expect(loads).toBe(1);
  });

  it('reports the status of the current track’s player', async () => {
    files.status_ = saying(1, 'f');
    spotify.status_ = saying(2, 's');
    players.turnOn();
    players.update(on(file, [song]));
    await settle();
    files.state = 'playing';
    players.stateChanged();
    expect(players.status()?.error_ms).toBe(1);
    expect(players.status()?.ready, 'what any of them could start').toEqual(['f', 's']);
    spotify.state = 'loading';
    players.update(on(song));
    expect(players.status()?.error_ms).toBe(2);
    expect(players.state).toBe('loading');
    spotify.errorMs = 42;
    expect(players.errorMs).toBe(42);
    players.update(on(file));
    expect(players.state).toBe('playing');
    expect(states).toEqual(['silent', 'playing', 'loading', 'playing']);
  });

  it('turns all players off', async () => {
    players.turnOn();
    players.update(on(song));
    await settle();
    players.turnOff();
    expect([files.state, spotify.state, players.state]).toEqual(['off', 'off', 'off']);
    expect(players.status()).toBeNull();
  });

  it('turns Spotify off when it is heard elsewhere', async () => {
    players.turnOn();
    players.update(on(song));
    await settle();
    here = false;
    players.accountChanged();
    expect(spotify.state).toBe('off');
    expect(players.state).toBe('silent');
    here = true;
    players.accountChanged();
    expect(spotify.state).toBe('silent');
  });

  it('plays the files of every provider that the server serves', async () => {
    files.status_ = saying(1, 'n');
    players.turnOn();
    players.update(on({ ...file, track: { ...file.track, provider: 'subsonic' } }));
    await settle();
    files.state = 'playing';
    players.stateChanged();
    expect([players.state, players.status()?.error_ms, loads]).toEqual(['playing', 1, 0]);
  });

  it('has no status for a track of an unknown provider', async () => {
    files.status_ = saying(1, 'f');
    players.turnOn();
    players.update(on(unknown, [file]));
    await settle();
    expect(players.status(), 'not counted as a listener').toBeNull();
    expect([players.state, players.errorMs, players.deviationMs, loads]).toEqual(['unsupported', null, null, 0]);
    players.update(on(file, [unknown]));
    expect(players.status()?.ready, 'nor ready for one that comes next').toEqual(['f']);
    expect(players.state).toBe('silent');
  });
});
