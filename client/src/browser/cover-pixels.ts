import { coverUrl, isOurs } from '../util/cover';

/** Enough for the colours of a cover, and read in well under a millisecond. */
const EDGE = 32;

/**
 * The RGBA pixels of a small copy of a cover, decoded off the main thread. `null` for covers of other sites, whose
 * pixels a page may not read, and when the cover does not load.
 */
export async function coverPixels(url: string, signal: AbortSignal): Promise<Uint8ClampedArray | null> {
  if (!isOurs(url)) return null;
  try {
    const response = await fetch(coverUrl(url, 96), { signal });
    if (!response.ok) return null;
    const size = { resizeWidth: EDGE, resizeHeight: EDGE };
    const bitmap = await createImageBitmap(await response.blob(), size);
    const canvas = document.createElement('canvas');
    canvas.width = EDGE;
    canvas.height = EDGE;
    const context = canvas.getContext('2d', { willReadFrequently: true });
    if (context === null) return null;
    context.drawImage(bitmap, 0, 0);
    bitmap.close();
    return context.getImageData(0, 0, EDGE, EDGE).data;
  } catch {
    return null;
  }
}
