import type { PulseAudio } from './pulse.ts';
import type { Recording } from './recording.ts';

/** What players play to, and what is heard of it. Recording goes on from the start. */
export interface Outputs {
  readonly pulse: PulseAudio;
  readonly recording: Recording;
  /** Whatever went wrong with the outputs themselves, in words; empty: nothing. */
  troubles?(): string[];
  /** The sound cards stand still until what is returned is called. */
  stall?(): () => void;
  stop(): Promise<void>;
}

/** Where a player plays to. */
export const sinkOf = (player: number): string => `player${player}`;
