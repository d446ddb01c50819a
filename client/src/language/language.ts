import { recall, remember } from '../browser/storage';
import { loadCatalog } from './catalog-loader';
import { i18n } from './i18n';
import { isLanguage, type Language, preferredLanguage } from './languages';

const KEY = 'tutti.language';

let rest: Promise<void> | null = null;

/** The language that was chosen on this device; `null`: the browser's. */
export function chosenLanguage(): Language | null {
  const stored = recall(KEY);
  return isLanguage(stored) ? stored : null;
}

/** Texts are constants of their modules, so a change takes a reload. */
export function chooseLanguage(language: Language | null): void {
  remember(KEY, language);
  location.reload();
}

/** Loads the texts of the first pages, before any module with texts is evaluated. The rest follows in the background. */
export async function loadLanguage(): Promise<void> {
  const language = preferredLanguage(chosenLanguage(), navigator.languages);
  i18n.on('missing', ({ id }) => console.error(`no text for message ${id}`));
  await load(language, 'start');
  i18n.activate(language);
  document.documentElement.lang = language;
  rest = load(language, 'rest');
  // A failure is handled where a part needs these texts.
  rest.catch(() => {});
}

/** Imports a module whose texts are not among those of the first pages. */
export async function importWithTexts<T>(part: () => Promise<T>): Promise<T> {
  await rest;
  return part();
}

async function load(language: Language, part: 'start' | 'rest'): Promise<void> {
  i18n.load(language, await loadCatalog(language, part));
}
