/** The threshold of silence: 60 dB below the peak. The test music is never below it for a millisecond. */
export const SILENCE = 0.001;
/** Shorter gaps are inaudible in music. */
export const GAP_MS_MIN = 3;

export interface Gap {
  at_s: number;
  length_ms: number;
}

/** All gaps from `fromMs` to `untilMs` of at least that length. */
export function gaps(
  samples: Float32Array,
  sampleRate: number,
  fromMs: number,
  untilMs: number,
  shortestMs = GAP_MS_MIN,
): Gap[] {
  const found: Gap[] = [];
  const end = Math.min(samples.length, Math.round((untilMs * sampleRate) / 1000));
  const shortest = (shortestMs * sampleRate) / 1000;
  let began = Math.max(0, Math.round((fromMs * sampleRate) / 1000));
  const close = (at: number) => {
    if (at - began >= shortest) found.push({ at_s: began / sampleRate, length_ms: ((at - began) * 1000) / sampleRate });
    began = at + 1;
  };
  for (let n = began; n < end; n += 1) if (Math.abs(samples[n]!) >= SILENCE) close(n);
  close(end);
  return found;
}

/** When sound resumes after the first silence from `fromMs` on; `null` without a silence or without sound after it. */
export function onsetMs(samples: Float32Array, sampleRate: number, fromMs: number, untilMs: number): number | null {
  const [silence] = gaps(samples, sampleRate, fromMs, untilMs, 20);
  if (silence === undefined) return null;
  const endMs = silence.at_s * 1000 + silence.length_ms;
  return endMs >= untilMs - 1 ? null : endMs;
}
