import { expect, it } from 'vitest';
import { room } from '../../testing/fixtures';
import type { PlayerState } from '../device-player';
import { FilePlayerOnDemand, type FilesPlayer } from './file-player-on-demand';

/** An audio context that writes down what happens to it. */
class Context {
  readonly did: string[] = [];

  async resume(): Promise<void> {
    this.did.push('resume');
  }

  async close(): Promise<void> {
    this.did.push('close');
  }
}

/** A player that writes down what it is told. */
class Player implements FilesPlayer {
  state: PlayerState = 'off';
  readonly errorMs = null;
  readonly deviationMs = null;
  readonly output = 'default';
  readonly assumesLatency = false;
  context: Context | null = null;

  constructor(
    private readonly told: string[],
    private readonly createContext: () => Context,
  ) {}

  turnOn(): void {
    this.context = this.createContext();
    this.state = 'playing';
    this.told.push('on');
  }
  turnOff(): void {
    this.state = 'off';
    this.told.push('off');
  }
  wake(): void {
    this.told.push('wake');
  }
  setVolume(volume: number): void {
    this.told.push(`volume ${volume}`);
  }
  hush(hushed: boolean): void {
    if (hushed) this.told.push('hush');
  }
  update(): void {
    this.told.push('room');
  }
  reconnected(): void {}
  outputsChanged(): void {}
  level(): number {
    return 1;
  }
  status(): null {
    return null;
  }
  signalOutput(): null {
    return null;
  }
}

function onDemand() {
  const told: string[] = [];
  const contexts: Context[] = [];
  const seen: PlayerState[] = [];
  let player: Player | null = null;
  let network = true;
  const files = new FilePlayerOnDemand<Context>({
    createContext: () => {
      const context = new Context();
      contexts.push(context);
      return context;
    },
    load: async (createContext) => {
      if (!network) throw new TypeError('the network is away');
      player = new Player(told, createContext);
      return player;
    },
    onState: () => seen.push(files.state),
  });
  return { files, told, contexts, seen, player: () => player, setNetwork: (on: boolean) => (network = on) };
}

it('loads nothing for a device that does not play', () => {
  const { files, player } = onDemand();
  files.setVolume(0.5);
  files.update(room());
  files.wake();
  expect(player()).toBeNull();
  expect([files.state, files.level(), files.status()]).toEqual(['off', 0, null]);
});

it('starts the context within the gesture, and gives it to the player that comes later', async () => {
  const { files, told, contexts, player, seen } = onDemand();
  files.setVolume(0.5);
  files.hush(true);
  files.update(room());
  files.turnOn();
  expect(contexts.map(({ did }) => did)).toEqual([['resume']]);
  expect(files.state).toBe('loading');
  await files.prepare();
  expect(told).toEqual(['volume 0.5', 'hush', 'on', 'room']);
  expect(player()?.context).toBe(contexts[0]);
  expect(seen).toEqual(['playing']);
  files.turnOff();
  files.turnOn();
  expect(told.slice(-2)).toEqual(['off', 'on']);
  expect(contexts).toHaveLength(2);
});

it('stays off when it was turned off while the player was loading', async () => {
  const { files, told, contexts } = onDemand();
  files.turnOn();
  files.turnOff();
  expect(contexts[0]?.did).toEqual(['resume', 'close']);
  await files.prepare();
  expect(told).not.toContain('on');
  expect(files.state).toBe('off');
});

it('tries again with the next change of the room when the player could not be loaded', async () => {
  const { files, told, setNetwork } = onDemand();
  setNetwork(false);
  files.turnOn();
  await files.prepare();
  expect(files.state).toBe('failed');
  setNetwork(true);
  files.update(room());
  await files.prepare();
  expect(files.state).toBe('playing');
  expect(told).toContain('on');
});
