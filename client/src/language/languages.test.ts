import { expect, it } from 'vitest';
import { languageName, languages, preferredLanguage } from './languages';

it('follows the browser, whatever the region', () => {
  expect(preferredLanguage(null, ['pt-BR', 'en-US'])).toBe('pt');
  expect(preferredLanguage(null, ['DE-at'])).toBe('de');
});

it('takes the first of the browser’s languages that the pages have', () => {
  expect(preferredLanguage(null, ['sv-SE', 'nb', 'fr-CH', 'en'])).toBe('fr');
});

it('prefers what the user chose', () => {
  expect(preferredLanguage('ja', ['de'])).toBe('ja');
});

it('is English where nothing fits', () => {
  expect(preferredLanguage(null, ['sv', 'fi'])).toBe('en');
  expect(preferredLanguage(null, [])).toBe('en');
});

it('names each language in itself', () => {
  expect(languages.map(languageName)).toEqual([
    'English',
    'Deutsch',
    'Español',
    'Français',
    'Italiano',
    '日本語',
    'Polski',
    'Português',
  ]);
});
