import './styles.css';
import { mount } from 'svelte';
import { applyTheme } from './browser/theme';
import { loadLanguage } from './language/language';

/** Shows the app in the page. */
export function start(): void {
  applyTheme();

  const target = document.getElementById('app');
  if (target === null) throw new Error('index.html has no #app');

  loadLanguage()
    .then(() => import('./App.svelte'))
    .then(({ default: App }) => mount(App, { target }))
    .catch((error: unknown) => {
      console.error(error);
      target.textContent = 'The page could not be loaded. Check your network, then reload it.';
    });
}
