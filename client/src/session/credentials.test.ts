import { expect, it } from 'vitest';
import { passwordBytes, passwordFits, usernameFits } from './credentials';

it('measures a password in bytes', () => {
  expect(['abc', 'é', 'ж', '🎺'].map(passwordBytes)).toEqual([3, 2, 2, 4]);
  expect(['1234567', '12345678', 'éééé', 'ééé1'].map(passwordFits)).toEqual([false, true, true, false]);
  expect(passwordFits('a'.repeat(72))).toBe(true);
  expect(passwordFits('a'.repeat(73))).toBe(false);
  expect(passwordFits(`${'a'.repeat(71)}é`)).toBe(false);
});

it('accepts letters, digits, dots, dashes and underscores in a user name', () => {
  expect(['ana', ' Ana.L-1_x ', 'Ａｎａ', 'a'.repeat(32)].map(usernameFits)).toEqual([true, true, true, true]);
  expect(['an', 'a'.repeat(33), 'élan', 'ana l', ''].map(usernameFits)).toEqual(Array(5).fill(false));
});
