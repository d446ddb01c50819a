import { afterEach, expect, it, vi } from 'vitest';

const list = [3, [1, 2], 4];

afterEach(() => {
  vi.unstubAllGlobals();
});

it('stand in for what a browser lacks, as the standard says', async () => {
  vi.stubGlobal('window', globalThis);
  const { polyfills } = await import('./polyfills');
  const { ofArrays, ofStrings, ofObjects, ofPromises } = polyfills;

  for (const index of [0, 2, -1, -3, 5]) {
    expect(ofArrays.at.call(list, index)).toBe(list.at(index));
    expect(ofStrings.at.call('añb', index)).toBe('añb'.at(index));
  }
  expect(ofArrays.flat.call(list)).toEqual(list.flat());
  expect(ofArrays.flatMap.call([1, 2], (one) => [one, one])).toEqual([1, 1, 2, 2]);
  expect(ofArrays.findLast.call([1, 2, 3], (one) => Number(one) < 3)).toBe(2);
  expect(ofStrings.replaceAll.call('a.b\\.c', '.', '$$')).toBe('a.b\\.c'.replaceAll('.', '$$'));
  expect(ofStrings.replaceAll.call('a-b-c', /-/g, (found) => found + found)).toBe('a--b--c');
  expect(ofObjects.fromEntries(new Map([['a', 1]]))).toEqual({ a: 1 });
  expect(ofObjects.hasOwn({ a: 1 }, 'a')).toBe(true);
  expect(ofObjects.hasOwn({}, 'toString')).toBe(false);
  const promises = [Promise.resolve(1), Promise.reject(new Error('no'))];
  expect(await ofPromises.allSettled(promises)).toEqual(await Promise.allSettled(promises));
});
