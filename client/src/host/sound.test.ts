import { expect, it } from 'vitest';
import type { DevicePresence, Output } from '$protocol';
import type { Presence } from '../room/presence';
import { room } from '../testing/fixtures';
import { disconnectedCount, playingDevices, soundDevices } from './sound';

const idle = { entry: null, position_ms: 0, at_ms: 0, error_ms: 0, state: 'idle' } as const;
const device = (id: string, makesSound = true): DevicePresence => ({
  id,
  name: id,
  kind: makesSound ? 'player' : 'remote',
  playback: makesSound ? idle : null,
});
const presence: Presence = new Map([
  ['ben', { devices: [device('ben-phone', false), device('ben-laptop')], idle: false }],
  ['ana', { devices: [device('tv')], idle: false }],
  ['gone', { devices: [device('stray')], idle: false }],
]);
const seen = (output: Output) => soundDevices(room({ output }), presence);

it('lists every device of every member, playing devices first', () => {
  const all = seen({ mode: 'everyone', devices: ['tv'] });
  expect(all.map((one) => [one.device.id, one.member, one.chosen, one.makesSound])).toEqual([
    ['tv', 'ana', false, true],
    ['ben-laptop', 'ben', true, true],
    ['ben-phone', 'ben', true, false],
  ]);
  expect(playingDevices(all)).toEqual(['ben-laptop']);
});

it('counts listed devices that are not connected', () => {
  const output: Output = { mode: 'speakers', devices: ['tv', 'kitchen', 'bath'] };
  expect(disconnectedCount({ output }, seen(output))).toBe(2);
  expect(playingDevices(seen(output))).toEqual(['tv']);
});
