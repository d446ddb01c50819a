import type { Device, DeviceKind, ProviderId } from '$protocol';
import { uuid } from '../util/uuid';
import { recall, remember } from './storage';

const ID_KEY = 'tutti.device';
const PLAY_HERE_KEY = 'tutti.play-here';

export function deviceId(): string {
  let id = recall(ID_KEY);
  if (id === null) {
    id = uuid();
    remember(ID_KEY, id);
  }
  return id;
}

export function thisDevice(kind: DeviceKind, providers: ProviderId[]): Device {
  return {
    id: deviceId(),
    name: deviceName(navigator.userAgent),
    kind,
    providers,
  };
}

/** Whether this device played in that room the last time. */
export function playsHere(code: string): boolean {
  return recall(PLAY_HERE_KEY) === code;
}

export function rememberPlaysHere(code: string, on: boolean): void {
  if (on) remember(PLAY_HERE_KEY, code);
  else if (playsHere(code)) remember(PLAY_HERE_KEY, null);
}

const BROWSERS: [RegExp, string][] = [
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/SamsungBrowser\//, 'Samsung Internet'],
  [/Firefox\/|FxiOS\//, 'Firefox'],
  [/Chrome\/|CriOS\//, 'Chrome'],
  [/Safari\//, 'Safari'],
];
const SYSTEMS: [RegExp, string][] = [
  [/iPhone/, 'iPhone'],
  [/iPad/, 'iPad'],
  [/Android/, 'Android'],
  [/CrOS/, 'Chromebook'],
  [/Windows/, 'Windows'],
  [/Macintosh/, 'Mac'],
  [/Linux/, 'Linux'],
];

/**
 * Such as "Firefox on Linux", so that users can tell their devices apart. Other programs keep their own name, such as
 * "curl".
 */
export function deviceName(userAgent: string): string {
  const first = (table: [RegExp, string][]) => table.find(([pattern]) => pattern.test(userAgent))?.[1];
  const browser = first(BROWSERS) ?? /^(?!Mozilla\/)([\w.-]{1,24})\//.exec(userAgent)?.[1] ?? 'Browser';
  const system = first(SYSTEMS);
  return system === undefined ? browser : `${browser} on ${system}`;
}
