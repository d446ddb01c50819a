import type { Entry } from '$protocol';
import { SEGMENTS_AHEAD, type SegmentRef, segmentAt, segmentCount } from './segments';

/** Of the current track, those that come before the next one's first. */
const URGENT = 2;
/** Of the next track: its start, and time to fetch more. */
const OF_NEXT = 2;

/** A track and where it is, or will start. */
export interface Upcoming {
  entry: Entry;
  positionMs: number;
}

/** The first segment to be heard of an entry. */
export function firstSegment({ entry, positionMs }: Upcoming): SegmentRef {
  return { track: entry.track, number: segmentAt(positionMs / 1000) };
}

/**
 * Which segments to fetch, most urgent first, and which to keep besides. At most ten are held at once: 19 MB, however
 * long the tracks are.
 */
export function wantedSegments(
  now: Upcoming | null,
  next: Upcoming | null,
): { wanted: SegmentRef[]; useful: SegmentRef[] } {
  const ofNow = now === null ? [] : segmentsFrom(now, SEGMENTS_AHEAD);
  const ofNext = next === null ? [] : segmentsFrom(next, OF_NEXT);
  const [firstOfNext, ...restOfNext] = ofNext;
  const wanted = [
    ...ofNow.slice(0, URGENT),
    ...(firstOfNext === undefined ? [] : [firstOfNext]),
    ...ofNow.slice(URGENT),
    ...restOfNext,
  ];
  return { wanted, useful: now === null ? [] : [before(firstSegment(now))] };
}

function segmentsFrom(upcoming: Upcoming, count: number): SegmentRef[] {
  const { track } = upcoming.entry;
  const first = firstSegment(upcoming).number;
  const end = Math.min(first + count, segmentCount(track.duration_ms));
  return Array.from({ length: Math.max(0, end - first) }, (_, index) => ({ track, number: first + index }));
}

/** Where a correction may move back to. */
function before({ track, number }: SegmentRef): SegmentRef {
  return { track, number: number - 1 };
}
