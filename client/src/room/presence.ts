import type { MemberPresence, ServerFrame, UserId } from '$protocol';

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
    if (devices.length > 0) next.set(member, { devices, idle: idle ?? false });
    else next.delete(member);
  }
  return next;
}
