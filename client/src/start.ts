import './styles.css';
import { mount } from 'svelte';
import { awaitFirstView, firstViewShown } from './browser/first-view';
import { applyTheme } from './browser/theme';
import { showWebFont } from './browser/web-font';
import { loadLanguage } from './language/language';

/** Shows the app in the page, which `opensRoom` or another page. */
export async function start(opensRoom = false): Promise<void> {
  applyTheme();
  showWebFont();
  if (opensRoom) awaitFirstView();
  else firstViewShown();

  const target = document.getElementById('app');
  if (target === null) throw new Error('index.html has no #app');

  try {
    await loadLanguage(() => import('./text/refusals'), opensRoom);
    const { default: App } = await import('./App.svelte');
    mount(App, { target });
  } catch (error) {
    console.error(error);
    target.textContent = 'The page could not be loaded. Check your network, then reload it.';
  }
}
