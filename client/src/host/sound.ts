import type { DeviceId, DevicePresence, Room, UserId } from '$protocol';
import { playsIn } from '../room/output';
import type { Presence } from '../room/presence';

/** A device in a room, as whoever runs the room's sound sees it. */
export interface SoundDevice {
  device: DevicePresence;
  member: UserId;
  /** Whether the room lets it play. */
  chosen: boolean;
  /** Whether somebody there told it to. */
  makesSound: boolean;
}

/** Every connected device, those that make sound first; otherwise as the members stand. */
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

/** Those that play as things stand. */
export function playingDevices(devices: readonly SoundDevice[]): DeviceId[] {
  return devices.filter(({ chosen, makesSound }) => chosen && makesSound).map(({ device }) => device.id);
}

/** How many that are named in the output are not here now. */
export function missingFrom({ output }: Pick<Room, 'output'>, devices: readonly SoundDevice[]): number {
  const here = new Set(devices.map(({ device }) => device.id));
  return output.devices.filter((id) => !here.has(id)).length;
}
