import { describe, expect, it } from 'vitest';
import { seeded } from '../testing/random';
import { Fft } from './fft';

describe('fft', () => {
  it('finds a tone at its frequency only', () => {
    const re = new Float64Array(64).map((_, index) => Math.cos((2 * Math.PI * 5 * index) / 64));
    const im = new Float64Array(64);
    new Fft(64).forward(re, im);
    const strength = Array.from(re, (real, index) => Math.hypot(real, im[index]!));
    expect(strength[5]).toBeCloseTo(32);
    expect(strength[59]).toBeCloseTo(32);
    expect(strength.filter((value) => value > 1e-9)).toHaveLength(2);
  });

  it('follows the definition’s sign and frequency', () => {
    const re = new Float64Array(8);
    const im = new Float64Array(8);
    re[1] = 1;
    new Fft(8).forward(re, im);
    for (let index = 0; index < 8; index += 1) {
      expect(re[index]).toBeCloseTo(Math.cos((2 * Math.PI * index) / 8));
      expect(im[index]).toBeCloseTo(-Math.sin((2 * Math.PI * index) / 8));
    }
  });

  it('is inverted exactly', () => {
    const random = seeded(3);
    const original = Float64Array.from({ length: 256 }, () => random() - 0.5);
    const [re, im] = [original.slice(), new Float64Array(256)];
    const fft = new Fft(256);
    fft.forward(re, im);
    fft.backward(re, im);
    for (const [index, value] of original.entries()) expect(re[index]).toBeCloseTo(value, 12);
  });

  it('accepts powers of two only', () => {
    expect(() => new Fft(48)).toThrow(RangeError);
  });
});
