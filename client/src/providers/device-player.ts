import type { DevicePlayback, Room } from '$protocol';

/** What the page asks of every player of this device. Each kind of provider has its own implementation. */

export type PlayerState =
  | 'off'
  /** The browser wants a user gesture first. */
  | 'blocked'
  /** The room's output setting excludes this device. */
  | 'left_out'
  | 'silent'
  /** The current track is from a provider that this client does not know. */
  | 'unsupported'
  | 'loading'
  | 'playing'
  /** The audio could not be loaded; this is tried again. */
  | 'failed'
  /** The server cannot play the current track, or no longer has it. */
  | 'unplayable'
  /** This browser decodes none of the formats that the server sends. */
  | 'undecodable';

export interface DevicePlayer {
  readonly state: PlayerState;
  /** How far the audible position is off the room's timeline, as measured here; positive is late. */
  readonly errorMs: number | null;
  /** Uncertainty of `errorMs`: one standard deviation. */
  readonly deviationMs: number | null;
  /** Starts following the room. From a user gesture this always works. */
  turnOn(): void;
  turnOff(): void;
  /** The page is visible again, or the machine woke up. */
  wake(): void;
  setVolume(volume: number): void;
  /** The room changed, or the clock learned the time. */
  update(room: Room): void;
  /** Root mean square of the audible signal, 0 to 1; 0 where it cannot be measured. */
  level(): number;
  /** This device's status for the room; `null` while it takes no part. */
  status(): DevicePlayback | null;
}
