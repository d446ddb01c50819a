import type { DeviceId, DevicePresence, Room, UserId } from '$protocol';
import { playsIn } from '../room/output';
import type { Presence } from '../room/presence';

/** A device in a room, for the host's sound settings. */
export interface SoundDevice {
  device: DevicePresence;
  member: UserId;
  /** Whether the room lets it play. */
  chosen: boolean;
  /** Whether its user turned playback on. */
  makesSound: boolean;
}

/** Every connected device, playing devices first; otherwise in member order. */
export function soundDevices(room: Pick<Room, 'members' | 'output'>, presence: Presence): SoundDevice[] {
  const all = room.members.flatMap(({ id }) =>
    (presence.get(id)?.devices ?? []).map((device) => ({
      device,
      member: id,
      chosen: playsIn(room.output, device.id),
      makesSound: device.playback !== undefined && device.playback !== null,
    })),
  );
  return [...all.filter(({ makesSound }) => makesSound), ...all.filter(({ makesSound }) => !makesSound)];
}

/** The devices that currently play. */
export function playingDevices(devices: readonly SoundDevice[]): DeviceId[] {
  return devices.filter(({ chosen, makesSound }) => chosen && makesSound).map(({ device }) => device.id);
}

/** How many devices of the output setting are not connected. */
export function disconnectedCount({ output }: Pick<Room, 'output'>, devices: readonly SoundDevice[]): number {
  const here = new Set(devices.map(({ device }) => device.id));
  return output.devices.filter((id) => !here.has(id)).length;
}
