/**
 * Resamples a sound whose clock runs `ppm` fast to a steady clock; both start together. Third-order Lagrange interpolation:
 * the test music has little energy where that is inexact.
 */
export function straightened(samples: Float32Array, ppm: number): Float32Array {
  if (ppm === 0) return samples;
  const rate = 1 + ppm / 1e6;
  const straight = new Float32Array(Math.floor(samples.length / rate));
  for (let n = 0; n < straight.length; n += 1) straight[n] = sampleAt(samples, n * rate);
  return straight;
}

/** The value at a fractional sample index; silence outside the samples. */
export function sampleAt(samples: Float32Array, place: number): number {
  const whole = Math.floor(place);
  const x = place - whole;
  const p = samples[whole - 1] ?? 0;
  const q = samples[whole] ?? 0;
  const r = samples[whole + 1] ?? 0;
  const s = samples[whole + 2] ?? 0;
  return (
    (-p * x * (x - 1) * (x - 2)) / 6 +
    (q * (x + 1) * (x - 1) * (x - 2)) / 2 -
    (r * (x + 1) * x * (x - 2)) / 2 +
    (s * (x + 1) * x * (x - 1)) / 6
  );
}
