/**
 * Installing the app where the browser offers that: Chromium's browsers do, from secure addresses, and say so once, maybe
 * before a page is shown.
 */

/** Not in TypeScript's library: only Chromium's browsers have it. */
interface InstallOffer extends Event {
  prompt(): Promise<unknown>;
}

let offer: InstallOffer | null = null;
let onChange: (offered: boolean) => void = () => {};

/** Keeps the browser's offer for the page's own button, instead of the browser's banner. */
export function keepInstallOffer(): void {
  addEventListener('beforeinstallprompt', (event) => {
    event.preventDefault();
    set(event as InstallOffer);
  });
  addEventListener('appinstalled', () => set(null));
}

/** Reports whether there is an offer, now and whenever that changes. */
export function onInstallOffer(listener: (offered: boolean) => void): void {
  onChange = listener;
  listener(offer !== null);
}

/** Lets the browser ask. Each offer can be used once; the browser makes another one when it was declined. */
export async function install(): Promise<void> {
  const used = offer;
  set(null);
  await used?.prompt();
}

/** Safari installs by its share menu only, and offers nothing to pages. */
export function installsByShareMenu(): boolean {
  return 'standalone' in navigator && navigator.standalone === false;
}

function set(next: InstallOffer | null): void {
  offer = next;
  onChange(offer !== null);
}
