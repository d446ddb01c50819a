/** Quieter than this is silence: 60 dB below the loudest. The test music never stays below it for a millisecond. */
export const SILENCE = 0.001;
/** A hole that is shorter is not heard in music. */
export const GAP_MS_MIN = 3;

export interface Gap {
  at_s: number;
  length_ms: number;
}

/** Every run of silence from `fromMs` to `untilMs` that is at least so long. */
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

/** When sound begins again after `fromMs`, behind a silence; `null`: there is no silence, or no sound after it. */
export function onsetMs(samples: Float32Array, sampleRate: number, fromMs: number, untilMs: number): number | null {
  const [silence] = gaps(samples, sampleRate, fromMs, untilMs, 20);
  if (silence === undefined) return null;
  const endMs = silence.at_s * 1000 + silence.length_ms;
  return endMs >= untilMs - 1 ? null : endMs;
}
