import type { Role } from '$protocol';

/** What may be offered to somebody. The server decides; this only keeps from offering what it would refuse. */
export interface Permissions {
  queue: boolean;
  steerPlayback: boolean;
  curateQueue: boolean;
  manageMembers: boolean;
}

export function permissionsOf(role: Role): Permissions {
  const leads = role === 'host' || role === 'cohost';
  return { queue: role !== 'listener', steerPlayback: leads, curateQueue: leads, manageMembers: role === 'host' };
}
