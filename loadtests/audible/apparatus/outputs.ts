import type { PulseAudio } from '../../../tests/browser/support/pulse.ts';
import type { Recording } from './recording.ts';

/** The players' outputs and their recording, which runs from the start. */
export interface Outputs {
  readonly pulse: PulseAudio;
  readonly recording: Recording;
  /** Problems of the outputs themselves; empty if none. */
  troubles?(): string[];
  /** Stops the sound cards until the returned function is called. */
  stall?(): () => void;
  stop(): Promise<void>;
}

/** The output of a player. */
export const sinkOf = (player: number): string => `player${player}`;
