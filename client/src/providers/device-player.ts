import type { DevicePlayback, Room } from '$protocol';

/** What a page asks of whatever makes this device sound, wherever the music comes from. Each kind of music has its own. */

export type PlayerState =
  | 'off'
  /** The browser wants a touch or a key first. */
  | 'blocked'
  /** The room chose other devices. */
  | 'left_out'
  | 'silent'
  /** The current track is from a provider that this client does not know. */
  | 'unsupported'
  | 'loading'
  | 'playing'
  /** The music could not be fetched. */
  | 'failed';

export interface DevicePlayer {
  readonly state: PlayerState;
  /** How far what is heard is from the room's timeline, as far as this device can know; positive is late. */
  readonly errorMs: number | null;
  /** What that may be wrong by: one standard deviation. */
  readonly deviationMs: number | null;
  /** Begins to listen. Called from a gesture it always can. */
  turnOn(): void;
  turnOff(): void;
  /** The page is looked at again, or the machine woke up. */
  wake(): void;
  setVolume(volume: number): void;
  /** The room changed, or the clock came to know the time. */
  update(room: Room): void;
  /** Root mean square of what is heard now, 0 to 1; 0 where it cannot be seen. */
  level(): number;
  /** What this device tells the room about itself; `null`: it takes no part. */
  status(): DevicePlayback | null;
}
