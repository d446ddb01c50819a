import { expect, it } from 'vitest';
import type { DevicePresence } from '$protocol';
import { applyPresence } from './presence';

const idle = { entry: null, position_ms: 0, at_ms: 0, error_ms: 0, state: 'idle' } as const;
const device = (id: string, plays: boolean): DevicePresence => ({
  id,
  name: id,
  kind: 'remote',
  playback: plays ? idle : null,
});

function apply(...devices: DevicePresence[]) {
  const frame = { type: 'presence', full: true, members: [{ member: 'ana', devices, idle: false }] } as const;
  const shown = applyPresence(new Map(), { ...frame, members: [...frame.members] }).get('ana');
  return shown?.devices.map(({ id, playback }) => [id, playback !== null]);
}

it('lists a device with several tabs once, as the one that plays', () => {
  const [silent, plays] = [device('laptop', false), device('laptop', true)];
  expect(apply(silent, device('phone', false), plays)).toEqual([
    ['laptop', true],
    ['phone', false],
  ]);
  expect(apply(plays, silent)).toEqual([['laptop', true]]);
  expect(apply()).toBeUndefined();
});
