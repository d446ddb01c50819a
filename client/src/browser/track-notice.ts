import { at } from '../util/base';
import { recall, remember } from './storage';

const ON_KEY = 'tutti.track-notice';
/** A later notice replaces an earlier one. */
const TAG = 'tutti-track';

/** Whether this browser can show notices outside of the page. Without https it cannot. */
export function canNotify(): boolean {
  return typeof Notification !== 'undefined' && isSecureContext;
}

/** Whether the user wants a notice outside of the page when a track of theirs comes on, and the browser allows it. */
export function notifies(): boolean {
  return canNotify() && recall(ON_KEY) !== null && Notification.permission === 'granted';
}

/** Asks the browser; only after a tap. Returns what is the case now. */
export async function setNotifies(on: boolean): Promise<boolean> {
  const allowed = on && canNotify() && (await Notification.requestPermission()) === 'granted';
  remember(ON_KEY, allowed ? 'on' : null);
  return allowed;
}

/** Shows a notice while the page is hidden. */
export async function notify(title: string, body: string): Promise<void> {
  if (document.visibilityState !== 'hidden' || !notifies()) return;
  const options = { body, tag: TAG, icon: at('/icon-192.png') };
  // Browsers of phones show notices of a service worker only, and refuse the constructor.
  const worker = await navigator.serviceWorker?.getRegistration();
  try {
    if (worker?.active) await worker.showNotification(title, options);
    else new Notification(title, options).onclick = () => focus();
  } catch {
    // The page shows the same as a toast.
  }
}
