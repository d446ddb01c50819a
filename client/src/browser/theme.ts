import { recall, remember } from './storage';

export type Theme = 'auto' | 'light' | 'dark';

const KEY = 'tutti.theme';

export function theme(): Theme {
  const stored = recall(KEY);
  return stored === 'light' || stored === 'dark' ? stored : 'auto';
}

export function setTheme(choice: Theme): void {
  remember(KEY, choice === 'auto' ? null : choice);
  applyTheme();
}

/** Without a choice the style sheet follows the system. */
export function applyTheme(): void {
  const choice = theme();
  if (choice === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}
