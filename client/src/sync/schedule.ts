import type { Playback } from '$protocol';

/** Start a source at `at` (context time), from `offset` seconds into its buffer. */
export interface Start {
  at: number;
  offset: number;
}

/** A start needs to be this far ahead for the audio thread to meet it exactly. */
const LEAD_S = 0.03;

/**
 * How to join `playback`: exactly at its anchor when that is still to come, otherwise in mid-track, as soon as can be
 * met exactly. `null`: nothing (any more) to be heard of it.
 */
export function planStart(
  playback: Playback,
  anchorContextTime: number,
  contextNow: number,
  bufferSeconds: number,
): Start | null {
  if (playback.state !== 'playing') return null;
  const at = Math.max(anchorContextTime, contextNow + LEAD_S);
  const offset = playback.anchor_position_ms / 1000 + (at - anchorContextTime);
  return offset < bufferSeconds ? { at, offset } : null;
}
