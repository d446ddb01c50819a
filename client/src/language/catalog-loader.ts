import type { Messages } from '@lingui/core';
import type { Language } from './languages';

const catalogs = import.meta.glob<{ messages: Messages }>('./catalogs/*/*.po');

/** The texts of the first pages, or those of all others. The build for old browsers has a loader of its own. */
export async function loadCatalog(language: Language, part: 'start' | 'rest'): Promise<Messages> {
  const { messages } = await catalogs[`./catalogs/${language}/${part}.po`]!();
  return messages;
}
