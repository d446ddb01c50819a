import type { Played, Track, UserId } from '$protocol';
import { trackKey } from '../providers/track';

/** Tracks of the room's history, to be added again. */
export const SHELVES = ['tonight', 'yours'] as const;
export type Shelf = (typeof SHELVES)[number];

const TONIGHT_MS = 12 * 3_600_000;

/** The tracks of a shelf, each once, latest first, as `history` is. */
export function onShelf(shelf: Shelf, history: readonly Played[], me: UserId | null, nowMs: number): Track[] {
  const belongs = ({ member, started_at_ms }: Played) =>
    shelf === 'yours' ? me !== null && member === me : nowMs - started_at_ms < TONIGHT_MS;
  const tracks = history.filter(belongs).map(({ track }) => track);
  const seen = new Set<string>();
  return tracks.filter((track) => !seen.has(trackKey(track)) && seen.add(trackKey(track)));
}
