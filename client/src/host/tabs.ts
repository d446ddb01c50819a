import type { Action, Room } from '$protocol';

/** The tabs of the host console, in display order. */
export const tabs = ['people', 'door', 'sound', 'order', 'suggestions', 'limits', 'rights', 'fallback', 'log'] as const;
export type Tab = (typeof tabs)[number];

/** Having one of these permissions makes the tab useful. */
const deeds: Record<Tab, readonly Action[]> = {
  people: ['curate_queue', 'mute', 'set_role', 'kick', 'ban', 'set_settings', 'set_permissions', 'transfer_host'],
  door: ['admit', 'lock', 'manage_screens', 'set_settings', 'close_room'],
  sound: ['set_output'],
  order: ['set_settings', 'curate_queue'],
  suggestions: ['approve'],
  limits: ['set_settings'],
  rights: ['set_permissions'],
  fallback: ['set_settings'],
  log: ['see_audit'],
};

/** The tabs a member can use; none: they do not see the console. */
export function tabsFor(may: (action: Action) => boolean): Tab[] {
  return tabs.filter((tab) => deeds[tab].some(may));
}

/** The number of pending decisions that this member may make. */
export function waitingFor(
  room: Pick<Room, 'lobby' | 'suggestions'>,
  may: (action: Action) => boolean,
): { people: number; suggestions: number } {
  return {
    people: may('admit') ? (room.lobby?.length ?? 0) : 0,
    suggestions: may('approve') ? (room.suggestions?.length ?? 0) : 0,
  };
}
