/** The languages of the pages, by their BCP 47 tags. */
export const languages = ['en', 'de', 'es', 'fr', 'it', 'ja', 'pl', 'pt'] as const;

export type Language = (typeof languages)[number];

export function isLanguage(tag: string | null | undefined): tag is Language {
  return languages.some((language) => language === tag);
}

/** What the user chose on this device; otherwise the browser's first language that the pages have; otherwise English. */
export function preferredLanguage(chosen: Language | null, preferred: readonly string[]): Language {
  const primary = preferred.map((tag) => tag.toLowerCase().split('-')[0]);
  return chosen ?? primary.find(isLanguage) ?? 'en';
}

/** A language's name in itself, such as "Deutsch". */
export function languageName(language: Language): string {
  const name = new Intl.DisplayNames([language], { type: 'language' }).of(language) ?? language;
  return name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}
