import type { DevicePresence, MemberPresence, ServerFrame, UserId } from '$protocol';

export type Presence = ReadonlyMap<UserId, DevicePresence[]>;

/** Who is connected, with what. Somebody without devices is not connected. */
export function applyPresence(presence: Presence, frame: Extract<ServerFrame, { type: 'presence' }>): Presence {
  const next = new Map<UserId, DevicePresence[]>(frame.full ? [] : presence);
  for (const { member, devices } of frame.members satisfies MemberPresence[]) {
    if (devices.length > 0) next.set(member, devices);
    else next.delete(member);
  }
  return next;
}
