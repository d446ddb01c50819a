import { device, SLOT_KEY, tab } from './storage';

/** Whether this page will show a room: the address is a room's, and this browser remembers a user. */
export function opensRoom(): boolean {
  const remembered = tab.recall(SLOT_KEY) ?? device.recall(SLOT_KEY) ?? '';
  return /^\/r\/[^/]+\/?$/.test(location.pathname) && /^\d$/.test(remembered);
}

const MEMBER_KEY = 'tutti.member';

/** The room that was open last on this device: its members need not be asked how they come in. */
export function rememberMember(code: string): void {
  device.remember(MEMBER_KEY, code);
}

/** They left it, or it ended. */
export function forgetMember(code: string): void {
  if (wasMember(code)) device.remember(MEMBER_KEY, null);
}

export function wasMember(code: string): boolean {
  return device.recall(MEMBER_KEY) === code;
}

/** Loads the parts of a room beside the app, which would ask for them later. `tools/preload-app.ts` lists them in the page. */
export function preloadRoom(): void {
  const files = document.querySelector<HTMLMetaElement>('meta[name="room-files"]')?.content.split(' ') ?? [];
  for (const href of files) {
    const link = Object.assign(document.createElement('link'), { href, crossOrigin: '', fetchPriority: 'low' });
    if (href.endsWith('.css')) Object.assign(link, { rel: 'preload', as: 'style' });
    else link.rel = 'modulepreload';
    document.head.append(link);
  }
}
