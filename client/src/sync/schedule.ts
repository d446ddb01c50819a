import type { Playback } from '$protocol';

/** Starts a source at `at` (context time), from `offset` seconds into its buffer. */
export interface Start {
  at: number;
  offset: number;
}

/** A start needs this lead for the audio thread to meet it exactly. */
const LEAD_S = 0.03;

/**
 * How to join `playback`: exactly at its anchor if that is still to come, otherwise in mid-track as soon as can be met
 * exactly. `null`: nothing left to play.
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
