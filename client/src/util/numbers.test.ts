import { expect, it } from 'vitest';
import { clamp, deviation, median, quantile, spread } from './numbers';

it('computes the median', () => {
  expect(median([9, 1, 5])).toBe(5);
  expect(median([4, 1, 2, 3])).toBe(2.5);
});

it('computes quantiles', () => {
  expect(quantile([5, 1, 3], 0)).toBe(1);
  expect(quantile([5, 1, 3], 1)).toBe(5);
  expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
});

it('computes a spread that ignores an outlier', () => {
  expect(spread([1, 2, 3, 4, 5])).toBeCloseTo(1.4826);
  expect(spread([1, 2, 3, 4, 5_000])).toBeCloseTo(1.4826);
});

it('computes the deviation of few values, half of which agree', () => {
  expect(deviation([2, 2, 2, 6])).toBeCloseTo(Math.sqrt(3));
  expect(spread([2, 2, 2, 6])).toBe(0);
});

it('clamps', () => {
  expect([-1, 5, 99].map((value) => clamp(value, 0, 10))).toEqual([0, 5, 10]);
});
