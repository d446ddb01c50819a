import { i18n } from '../language/i18n';

/** A sentence that may start with a word that is written small elsewhere, such as “someone who left”. */
export function asSentence(words: string): string {
  return words.charAt(0).toLocaleUpperCase(i18n.locale) + words.slice(1);
}

/** Formats of the page's language. */
export const lists = new Intl.ListFormat(i18n.locale, { type: 'conjunction' });
export const ages = new Intl.RelativeTimeFormat(i18n.locale, { numeric: 'auto' });
export const dates = new Intl.DateTimeFormat(i18n.locale, { dateStyle: 'long' });
export const times = new Intl.DateTimeFormat(i18n.locale, { timeStyle: 'short' });
export const moments = new Intl.DateTimeFormat(i18n.locale, { dateStyle: 'medium', timeStyle: 'short' });
