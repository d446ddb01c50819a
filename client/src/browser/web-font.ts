import { firstView } from './first-view';
import { tab } from './storage';

const KEY = 'tutti.font';

/**
 * Shows the page in the web font (`styles.css`), which is larger than a room's own code: a tab that has not loaded it yet
 * shows the first view in the system's font.
 */
export function showWebFont(): void {
  const show = () => {
    document.documentElement.dataset.font = 'web';
    tab.remember(KEY, 'loaded');
  };
  if (tab.recall(KEY) === null) void firstView.then(show);
  else show();
}
