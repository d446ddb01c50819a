import { coverUrl } from '../util/cover';

/** Enough for the colours of a cover, and read in well under a millisecond. */
const EDGE = 32;

/**
 * The RGBA pixels of a small copy of a cover, decoded off the main thread. `null` when the cover does not load, or is of
 * another site that does not allow pages to read it. Spotify allows it.
 */
export async function coverPixels(url: string, signal: AbortSignal): Promise<Uint8ClampedArray | null> {
  const image = Object.assign(new Image(), { crossOrigin: 'anonymous', src: coverUrl(url, 96) });
  signal.addEventListener('abort', () => image.removeAttribute('src'));
  const canvas = document.createElement('canvas');
  canvas.width = EDGE;
  canvas.height = EDGE;
  try {
    await image.decode();
    const context = canvas.getContext('2d', { willReadFrequently: true });
    context?.drawImage(image, 0, 0, EDGE, EDGE);
    return context?.getImageData(0, 0, EDGE, EDGE).data ?? null;
  } catch {
    return null;
  }
}
