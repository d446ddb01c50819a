import { at, withoutBase } from '../util/base';
import { routeOf } from './route';
import { device, SLOT_KEY, tab } from './storage';

/** Windows that show all parts of a room, and not one view at a time. The room's styles know it too. */
export const WIDE = '(min-width: 700px) and (min-height: 480px)';

/** Whether this page will show a room: the address is a room's, and this browser remembers a user. */
export function opensRoom(): boolean {
  const remembered = tab.recall(SLOT_KEY) ?? device.recall(SLOT_KEY) ?? '';
  return /^\/r\/[^/]+\/?$/.test(withoutBase(location.pathname)) && /^\d$/.test(remembered);
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

/** The room that this page will most likely enter without a question: the user was in it on this device. */
export function returnsTo(): string | null {
  const route = routeOf(withoutBase(location.pathname));
  return opensRoom() && route.page === 'room' && wasMember(route.code) ? route.code : null;
}

/** Loads the parts of a room beside the app, which would ask for them later. `tools/preload-app.ts` lists them in the page. */
export function preloadRoom(): void {
  const listed = (name: string) =>
    document.querySelector<HTMLMetaElement>(`meta[name="${name}"]`)?.content.split(' ') ?? [];
  for (const file of [...listed('room-files'), ...(matchMedia(WIDE).matches ? listed('view-files') : [])]) {
    const href = at(`/${file}`);
    const link = Object.assign(document.createElement('link'), { href, crossOrigin: '', fetchPriority: 'low' });
    if (href.endsWith('.css')) Object.assign(link, { rel: 'preload', as: 'style' });
    else link.rel = 'modulepreload';
    document.head.append(link);
  }
}
