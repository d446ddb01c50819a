import type { DevicePlayback, Room } from '$protocol';
import type { SignalOutput } from '../../calibration/signals';
import type { DevicePlayer, PlayerState } from '../device-player';

/** What pages use of the player of files. */
export interface FilesPlayer extends DevicePlayer {
  readonly output: string | null;
  readonly assumesLatency: boolean;
  /** The server is there again. */
  reconnected(): void;
  outputsChanged(): void;
  hush(hushed: boolean): void;
  signalOutput(calibrated: boolean): SignalOutput | null;
}

type Context = Pick<AudioContext, 'resume' | 'close'>;

export interface OnDemandOptions<C extends Context> {
  createContext: () => C;
  /** Loads the player. Its first audio context is created by the function that is passed. */
  load: (createContext: () => C) => Promise<FilesPlayer>;
  onState: () => void;
}

/**
 * The player of files, which is loaded when this device is turned on, or by `prepare`: most devices of a room are remotes.
 * A browser allows sound within a gesture only, so the audio context is created before the player is loaded.
 */
export class FilePlayerOnDemand<C extends Context> implements FilesPlayer {
  #player: FilesPlayer | null = null;
  #loading: Promise<void> | null = null;
  #failed = false;
  #on = false;
  #context: C | null = null;
  #room: Room | null = null;
  #volume = 1;
  #hushed = false;

  constructor(private readonly options: OnDemandOptions<C>) {}

  get state(): PlayerState {
    if (this.#player !== null) return this.#player.state;
    if (!this.#on) return 'off';
    return this.#failed ? 'failed' : 'loading';
  }

  get errorMs(): number | null {
    return this.#player?.errorMs ?? null;
  }

  get deviationMs(): number | null {
    return this.#player?.deviationMs ?? null;
  }

  get output(): string | null {
    return this.#player?.output ?? null;
  }

  get assumesLatency(): boolean {
    return this.#player?.assumesLatency ?? false;
  }

  /** Loads the player, so that it is there when it is needed. */
  prepare(): Promise<void> {
    this.#loading ??= this.#load();
    return this.#loading;
  }

  turnOn(): void {
    this.#on = true;
    if (this.#player !== null) {
      this.#player.turnOn();
      return;
    }
    if (this.#context === null) {
      this.#context = this.options.createContext();
      // Where it may not start, its promise stays pending.
      this.#context.resume().catch(() => {});
    }
    void this.prepare();
  }

  turnOff(): void {
    this.#on = false;
    this.#player?.turnOff();
    void this.#context?.close();
    this.#context = null;
  }

  wake(): void {
    this.#player?.wake();
    this.#context?.resume().catch(() => {});
  }

  setVolume(volume: number): void {
    this.#volume = volume;
    this.#player?.setVolume(volume);
  }

  hush(hushed: boolean): void {
    this.#hushed = hushed;
    this.#player?.hush(hushed);
  }

  update(room: Room): void {
    this.#room = room;
    this.#player?.update(room);
    if (this.#failed && this.#on) void this.prepare();
  }

  reconnected(): void {
    this.#player?.reconnected();
  }

  outputsChanged(): void {
    this.#player?.outputsChanged();
  }

  level(): number {
    return this.#player?.level() ?? 0;
  }

  status(): DevicePlayback | null {
    return this.#player?.status() ?? null;
  }

  signalOutput(calibrated: boolean): SignalOutput | null {
    return this.#player?.signalOutput(calibrated) ?? null;
  }

  /** A failure is tried again with the next change of the room. */
  async #load(): Promise<void> {
    this.#failed = false;
    try {
      const player = await this.options.load(() => this.#takeContext());
      player.setVolume(this.#volume);
      player.hush(this.#hushed);
      this.#player = player;
      if (this.#on) player.turnOn();
      if (this.#room !== null) player.update(this.#room);
    } catch {
      this.#loading = null;
      this.#failed = true;
    }
    this.options.onState();
  }

  #takeContext(): C {
    const context = this.#context ?? this.options.createContext();
    this.#context = null;
    return context;
  }
}
