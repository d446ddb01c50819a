import { firstView } from './first-view';
import { tab } from './storage';

const KEY = 'tutti.font';

/**
 * Shows the page in the web font (`styles.css`), which is as large as all code of a room's first view: a tab that has not
 * loaded it yet shows that view in the system's font first.
 */
export function showWebFont(): void {
  const show = () => {
    document.documentElement.dataset.font = 'web';
    tab.remember(KEY, 'loaded');
  };
  if (tab.recall(KEY) === null) void firstView.then(show);
  else show();
}
