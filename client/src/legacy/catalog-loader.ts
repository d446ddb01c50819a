import type { Messages } from '@lingui/core';
import type { Language } from '../language/languages';
import { at } from '../util/base';

let loading: Promise<Messages> | null = null;

/** The texts of the wall screen, all in one file. */
export function loadCatalog(language: Language, _part: 'start' | 'rest'): Promise<Messages> {
  loading ??= fetch(at(`/legacy/${language}.json`)).then(async (response) => {
    if (!response.ok) throw new Error(`no texts in ${language}: ${response.status}`);
    return ((await response.json()) as { messages: Messages }).messages;
  });
  return loading;
}
