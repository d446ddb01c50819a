import type { Guest } from './guest.ts';

/** Louder than dither, quieter than music. */
const AUDIBLE = 0.001;
const LOOK_EVERY_MS = 50;

/** Watches what a page plays from now on; the returned function yields the longest silence, in ms. */
export async function recordSilence({ page }: Guest): Promise<() => Promise<number>> {
  const watch = await page.evaluateHandle(
    ([audible, everyMs]) => {
      const heard = { lastMs: performance.now(), longestMs: 0 };
      setInterval(() => {
        const nowMs = performance.now();
        heard.longestMs = Math.max(heard.longestMs, nowMs - heard.lastMs);
        if (window.tuttiEar().loudness > audible) heard.lastMs = nowMs;
      }, everyMs);
      return heard;
    },
    [AUDIBLE, LOOK_EVERY_MS] as const,
  );
  return () => watch.evaluate(({ longestMs }) => longestMs);
}
