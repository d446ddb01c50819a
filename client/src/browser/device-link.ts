import { normalizeCode } from './route';

/** What leads another device of a user to the page that logs it in. */
export interface DeviceLink {
  /** As typed or scanned; empty when it is still to be typed. */
  code: string;
  /** The room to continue in. */
  room: string | null;
}

/** Everything is in the fragment, which browsers send to no server. */
export function deviceLink(origin: string, { code, room }: DeviceLink): string {
  const values = new URLSearchParams(code === '' ? {} : { code });
  if (room !== null) values.set('room', room);
  const fragment = values.toString();
  return `${origin}/device${fragment === '' ? '' : `#${fragment}`}`;
}

export function readDeviceLink(hash: string): DeviceLink {
  const values = new URLSearchParams(hash.replace(/^#/, ''));
  return { code: values.get('code') ?? '', room: normalizeCode(values.get('room') ?? '') };
}
