import { seeded } from '../../../client/src/testing/random.ts';

export const SAMPLE_RATE = 48_000;
const LEVEL = 0.5;

/**
 * Synthetic test music: pink noise in random bursts with random chirps above it. Like music it is strongest at low
 * frequencies; unlike most it never repeats and is never silent. The same seed gives the same music.
 */
export function testMusic(seconds: number, seed: number): Float32Array {
  const random = seeded(seed);
  const samples = new Float32Array(Math.round(seconds * SAMPLE_RATE));
  addNoise(samples, random);
  addChirps(samples, random, seconds);
  let loudest = 0;
  for (const sample of samples) loudest = Math.max(loudest, Math.abs(sample));
  return samples.map((sample) => (sample * LEVEL) / loudest);
}

/** Pink noise by Paul Kellet's "economy" filter, accurate to half a decibel. */
function addNoise(samples: Float32Array, random: () => number): void {
  let [low, middle, high] = [0, 0, 0];
  let [loudness, towards, left] = [1, 1, 0];
  for (let n = 0; n < samples.length; n += 1) {
    const white = 2 * random() - 1;
    low = 0.99765 * low + white * 0.099046;
    middle = 0.963 * middle + white * 0.2965164;
    high = 0.57 * high + white * 1.0526913;
    if (left === 0) {
      left = Math.round((0.03 + 0.2 * random()) * SAMPLE_RATE);
      towards = 0.25 + 0.75 * random();
    }
    left -= 1;
    loudness += (towards - loudness) / 500;
    samples[n] = loudness * (low + middle + high + white * 0.1848);
  }
}

function addChirps(samples: Float32Array, random: () => number, seconds: number): void {
  for (let count = Math.ceil(seconds * 6); count > 0; count -= 1) {
    const at = Math.floor(random() * samples.length);
    const length = Math.floor((0.1 + 0.4 * random()) * SAMPLE_RATE);
    const [from, to] = [150 + 1_500 * random(), 150 + 3_000 * random()];
    let phase = 0;
    for (let n = 0; n < length && at + n < samples.length; n += 1) {
      const done = n / length;
      phase += (2 * Math.PI * (from + (to - from) * done)) / SAMPLE_RATE;
      samples[at + n] = samples[at + n]! + 1.5 * Math.sin(Math.PI * done) * Math.sin(phase);
    }
  }
}
