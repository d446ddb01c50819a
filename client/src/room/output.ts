import type { DeviceId, Output, OutputMode } from '$protocol';

/** Which devices of a room play. Pure. In `everyone` those that are named are left out, in `speakers` only they play. */

/** As many as the server takes. */
export const OUTPUT_DEVICES_MAX = 64;

export function playsIn({ mode, devices }: Output, device: DeviceId): boolean {
  return devices.includes(device) === (mode === 'speakers');
}

/** The same with one device let play, or not; `null` when that would be more than can be named. */
export function withDevice(output: Output, device: DeviceId, plays: boolean): Output | null {
  const named = plays === (output.mode === 'speakers');
  const others = output.devices.filter((id) => id !== device);
  const devices = named ? [...others, device] : others;
  return devices.length > OUTPUT_DEVICES_MAX ? null : { mode: output.mode, devices };
}

/** The other mode, with those playing that play now, as far as they are connected. */
export function inMode(output: Output, mode: OutputMode, connected: readonly DeviceId[]): Output {
  if (output.mode === mode) return output;
  const named = connected.filter((id) => playsIn(output, id) === (mode === 'speakers'));
  return { mode, devices: named.slice(0, OUTPUT_DEVICES_MAX) };
}
