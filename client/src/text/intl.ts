import { i18n } from '../language/i18n';

/** Formats of the page's language. */
export const lists = new Intl.ListFormat(i18n.locale, { type: 'conjunction' });
export const ages = new Intl.RelativeTimeFormat(i18n.locale, { numeric: 'auto' });
export const dates = new Intl.DateTimeFormat(i18n.locale, { dateStyle: 'long' });
export const times = new Intl.DateTimeFormat(i18n.locale, { timeStyle: 'short' });
