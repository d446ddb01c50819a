import { expect, test } from 'vitest';
import { RowWindow } from './row-window';

const keys = (count: number) => Array.from({ length: count }, (_, index) => index);

function windowOf(count: number, usual = 64): RowWindow<number> {
  const rows = new RowWindow<number>(usual);
  rows.setKeys(keys(count));
  return rows;
}

test('a short list is in the document as a whole', () => {
  expect(windowOf(60).range(1_000, 1_700)).toEqual({ first: 0, end: 60, before: 0, after: 0 });
  expect(windowOf(0).range(0, 700)).toEqual({ first: 0, end: 0, before: 0, after: 0 });
});

test('of a long list there are the rows in view and some around them, and the space of the others', () => {
  const rows = windowOf(5_000);
  expect(rows.range(0, 640)).toEqual({ first: 0, end: 19, before: 0, after: 4_981 * 64 });
  expect(rows.range(64_000, 64_640)).toEqual({ first: 992, end: 1_019, before: 992 * 64, after: 3_981 * 64 });
  expect(rows.range(5_000 * 64 - 640, 5_000 * 64)).toEqual({ first: 4_982, end: 5_000, before: 4_982 * 64, after: 0 });
});

test('a list that is outside of the view keeps the rows at its nearer end', () => {
  const rows = windowOf(5_000);
  expect(rows.range(-2_000, -1_000)).toMatchObject({ first: 0, end: 9 });
  expect(rows.range(9e6, 9e6 + 700)).toMatchObject({ first: 4_992, end: 5_000, after: 0 });
});

test('measured rows have their own height, and the others the mean of those that were measured first', () => {
  const rows = windowOf(100, 10);
  expect(
    rows.measure(
      [
        [0, 60],
        [1, 36],
      ],
      4,
    ),
  ).toBe(true);
  expect([0, 1, 2, 3].map((index) => rows.topOf(index))).toEqual([0, 64, 104, 156]);
  expect(rows.middles.slice(0, 3)).toEqual([30, 82, 128]);
  // A reason was opened.
  expect(rows.measure([[1, 136]], 4)).toBe(true);
  expect([rows.topOf(2), rows.heightOf(1), rows.heightOf(2)]).toEqual([204, 140, 52]);
  expect(rows.measure([[1, 136]], 4)).toBe(false);
});

test('heights belong to rows, not to places', () => {
  const rows = windowOf(100);
  rows.measure(
    [
      [0, 64],
      [1, 200],
    ],
    0,
  );
  rows.setKeys([1, ...keys(100).filter((key) => key !== 1)]);
  expect([rows.heightOf(0), rows.heightOf(1)]).toEqual([200, 64]);
  rows.forget();
  rows.setKeys(keys(100));
  expect(rows.heightOf(1)).toBe(132);
  expect([-5, 0, 131, 133, 1e6].map((y) => rows.at(y))).toEqual([0, 0, 0, 1, 99]);
});
