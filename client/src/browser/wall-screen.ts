/** How far the picture moves, so that nothing is always at the same pixels of a screen that is on for days. */
const SHIFT = 4;
const SHIFTS = 2 * SHIFT + 1;
const MINUTES_A_SIDE = 60;

/** Where the picture is after this many minutes: shifted by a few pixels every minute, its sides swapped every hour. */
export function screenPlace(minutes: number): { x: number; y: number; mirrored: boolean } {
  const [column, row] = [minutes % SHIFTS, Math.floor(minutes / SHIFTS) % SHIFTS];
  return { x: column - SHIFT, y: row - SHIFT, mirrored: Math.floor(minutes / MINUTES_A_SIDE) % 2 === 1 };
}

export type ScreenAction = 'fullscreen' | 'skip' | 'pause';

/** The keys that remote controls of televisions have. */
export function screenAction({ key }: Pick<KeyboardEvent, 'key'>): ScreenAction | null {
  if (key === 'Enter') return 'fullscreen';
  if (key === 'ArrowRight' || key === 'MediaTrackNext') return 'skip';
  if (key === 'ArrowDown' || key === ' ' || key === 'MediaPlayPause') return 'pause';
  return null;
}
