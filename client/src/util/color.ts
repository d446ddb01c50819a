import type { Track } from '$protocol';

/** A stable hash (FNV-1a), for colours that stay with a name. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (const character of text) value = Math.imul(value ^ character.codePointAt(0)!, 0x01000193);
  return value >>> 0;
}

/** Hues in steps that can be told apart. */
export function hueOf(text: string): number {
  return (hash(text) % 24) * 15;
}

/** The hue of the tile that stands for a missing cover. */
export function hueOfTrack({ title, artists }: Pick<Track, 'title' | 'artists'>): number {
  return hueOf(title + (artists[0] ?? ''));
}

export function initialOf(name: string): string {
  return ([...name.trim()][0] ?? '·').toUpperCase();
}
