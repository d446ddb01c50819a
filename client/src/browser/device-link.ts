import { normalizeCode } from './route';

/** What leads to a page that uses a code: of another device of a user, or of a screen. */
export interface DeviceLink {
  /** As typed or scanned; empty when it is still to be typed. */
  code: string;
  /** The room to continue in, or to show. */
  room: string | null;
}

/** Leads another device of a user to the page that logs it in. */
export function deviceLink(origin: string, link: DeviceLink): string {
  return `${origin}/device${fragment(link)}`;
}

/** Leads a member to the page that approves a screen. */
export function pairLink(origin: string, link: DeviceLink): string {
  return `${origin}/pair${fragment(link)}`;
}

/** Everything is in the fragment, which browsers send to no server. */
function fragment({ code, room }: DeviceLink): string {
  const values = new URLSearchParams(code === '' ? {} : { code });
  if (room !== null) values.set('room', room);
  const named = values.toString();
  return named === '' ? '' : `#${named}`;
}

export function readDeviceLink(hash: string): DeviceLink {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  return { code: values.get('code') ?? '', room: normalizeCode(values.get('room') ?? '') };
}
