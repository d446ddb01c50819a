import { recall, remember } from '../browser/storage';
import { loadCatalog } from './catalog-loader';
import { i18n } from './i18n';
import { isLanguage, type Language, preferredLanguage } from './languages';

const KEY = 'tutti.language';

let language: Language = 'en';
let rest: Promise<void> | null = null;
/** Evaluates what depends on the rest of the texts, although no page imports it. */
let evaluateRest: () => Promise<unknown> = async () => {};

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

/** Loads the texts of the first pages, before any module with texts is evaluated; the rest too, when a room opens. */
export async function loadLanguage(withRest: () => Promise<unknown>, room: boolean): Promise<void> {
  language = preferredLanguage(chosenLanguage(), navigator.languages);
  evaluateRest = withRest;
  i18n.on('missing', ({ id }) => console.error(`no text for message ${id}`));
  const first = load('start');
  if (room) {
    rest = load('rest');
    // A failure is handled where a part needs these texts.
    rest.catch(() => {});
  }
  await first;
  i18n.activate(language);
  document.documentElement.lang = language;
}

/** Imports a module whose texts are not among those of the first pages. */
export async function importWithTexts<T>(part: () => Promise<T>): Promise<T> {
  rest ??= load('rest');
  try {
    await rest;
  } catch (error) {
    // The next part tries again.
    rest = null;
    throw error;
  }
  const [module] = await Promise.all([part(), evaluateRest()]);
  return module;
}

async function load(part: 'start' | 'rest'): Promise<void> {
  i18n.load(language, await loadCatalog(language, part));
}
