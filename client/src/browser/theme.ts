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

/** As `--ground` in `styles.css`. */
const GROUNDS = { light: '#f6f0e6', dark: '#141019' };

/** Without a choice the style sheet follows the system, and so does the browser's own bar. */
export function applyTheme(): void {
  const choice = theme();
  for (const meta of document.querySelectorAll<HTMLMetaElement>('meta[name="theme-color"]')) {
    const system = meta.media.includes('dark') ? 'dark' : 'light';
    meta.content = GROUNDS[choice === 'auto' ? system : choice];
  }
  if (choice === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = choice;
}
