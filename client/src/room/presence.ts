import type { MemberPresence, ServerFrame, UserId } from '$protocol';

/** How somebody is here: with which devices, and whether nobody looks at any of them. */
export interface MemberDevices {
  devices: MemberPresence['devices'];
  idle: boolean;
}

export type Presence = ReadonlyMap<UserId, MemberDevices>;

/** Who is connected, with what. Somebody without devices is not connected. */
export function applyPresence(presence: Presence, frame: Extract<ServerFrame, { type: 'presence' }>): Presence {
  const next = new Map<UserId, MemberDevices>(frame.full ? [] : presence);
  for (const { member, devices, idle } of frame.members) {
    if (devices.length > 0) next.set(member, { devices, idle: idle ?? false });
    else next.delete(member);
  }
  return next;
}
