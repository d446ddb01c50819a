import { type Quality, SEGMENTS, type TrackRef } from '$protocol';
import { trackKey } from '../track';

/**
 * A track is an exact sequence of 48 kHz stereo samples, cut into segments that devices fetch and decode one by one.
 */

export const SEGMENT_RATE_HZ = SEGMENTS.rateHz;
/** Samples of every segment but the last of a track. */
export const SEGMENT_SAMPLES = SEGMENTS.samples;

/** Of a segment; not that of synchrony. */
export type AudioQuality = Quality;

export interface SegmentRef {
  track: TrackRef;
  /** From 0. */
  number: number;
}

export function segmentKey({ track, number }: SegmentRef): string {
  return `${trackKey(track)}/${number}`;
}

/** The segment that contains a position in the track, in seconds. */
export function segmentAt(seconds: number): number {
  return Math.max(0, Math.floor((seconds * SEGMENT_RATE_HZ) / SEGMENT_SAMPLES));
}

/** How many segments a track of this duration has; a duration in whole milliseconds may be one too many. */
export function segmentCount(durationMs: number): number {
  return Math.ceil((durationMs * SEGMENT_RATE_HZ) / 1000 / SEGMENT_SAMPLES);
}

/** How many segments are kept ahead of the position: about 25 s, which also covers a page that the browser throttles. */
export const SEGMENTS_AHEAD = 6;
