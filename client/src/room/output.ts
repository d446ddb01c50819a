import type { DeviceId, Output, OutputMode } from '$protocol';

/**
 * Which devices of a room play. Pure. In `everyone` mode the listed devices are excluded, in `speakers` mode only they
 * play.
 */

/** The server's limit. */
export const OUTPUT_DEVICES_MAX = 64;

export function playsIn({ mode, devices }: Output, device: DeviceId): boolean {
  return devices.includes(device) === (mode === 'speakers');
}

/** How loud the host lets a device play, in per cent of its own volume. */
export function volumeIn({ volumes }: Pick<Output, 'volumes'>, device: DeviceId): number {
  return volumes?.[device] ?? 100;
}

/** The output with one device included or excluded; `null` when the list would be too long. */
export function withDevice(output: Output, device: DeviceId, plays: boolean): Output | null {
  const named = plays === (output.mode === 'speakers');
  const others = output.devices.filter((id) => id !== device);
  const devices = named ? [...others, device] : others;
  return devices.length > OUTPUT_DEVICES_MAX ? null : { mode: output.mode, devices };
}

/** The other mode, with the same connected devices playing. */
export function inMode(output: Output, mode: OutputMode, connected: readonly DeviceId[]): Output {
  if (output.mode === mode) return output;
  const named = connected.filter((id) => playsIn(output, id) === (mode === 'speakers'));
  return { mode, devices: named.slice(0, OUTPUT_DEVICES_MAX) };
}
