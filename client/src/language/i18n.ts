import { I18n, type MessageDescriptor } from '@lingui/core';

/**
 * Lingui decodes `\u0041` and `\x41` in finished sentences, names and titles included. A name must not get characters by it
 * that the server removes from names, so backslashes in values are escaped.
 */
class SafeI18n extends I18n {
  override _(message: MessageDescriptor | string): string {
    if (typeof message === 'string' || message.values === undefined) return super._(message as string);
    const values = Object.entries(message.values).map(([name, value]) => [
      name,
      typeof value === 'string' ? value.replaceAll('\\', '\\x5c') : value,
    ]);
    return super._({ ...message, values: Object.fromEntries(values) });
  }
}

/** The page's language and its texts. */
export const i18n = new SafeI18n({});
