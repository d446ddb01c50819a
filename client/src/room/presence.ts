import type { DeviceId, DevicePresence, MemberPresence, ServerFrame, UserId } from '$protocol';

/** A member's connected devices, and whether all of their pages are hidden. */
export interface MemberDevices {
  devices: MemberPresence['devices'];
  idle: boolean;
}

export type Presence = ReadonlyMap<UserId, MemberDevices>;

/** Connected members. A member without devices is not connected. */
export function applyPresence(presence: Presence, frame: Extract<ServerFrame, { type: 'presence' }>): Presence {
  const next = new Map<UserId, MemberDevices>(frame.full ? [] : presence);
  for (const { member, devices, idle } of frame.members) {
    if (devices.length > 0) next.set(member, { devices: onceEach(devices), idle: idle ?? false });
    else next.delete(member);
  }
  return next;
}

/** Each device once, however many tabs it has open: as the one that plays, if any. */
function onceEach(devices: readonly DevicePresence[]): DevicePresence[] {
  const byId = new Map<DeviceId, DevicePresence>();
  for (const device of devices) {
    if ((byId.get(device.id)?.playback ?? null) === null) byId.set(device.id, device);
  }
  return [...byId.values()];
}
