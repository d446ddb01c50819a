import { ACTIONS, type Action, type Member, ROLES, type Role, type Settings } from '$protocol';

/** What a page may offer to a member. The server decides; this only avoids offering what it would refuse. */
export type May = (action: Action) => boolean;

export const actions = Object.keys(ACTIONS) as Action[];

/** Whether neither the table nor an exception can change who may do it. */
export function isFixed(action: Action): boolean {
  return ACTIONS[action].fixed;
}

/** The lowest role that may do it in this room. */
export function lowestRole(settings: Settings, action: Action): Role {
  return (isFixed(action) ? undefined : settings.permissions[action]) ?? ACTIONS[action].lowest;
}

export function mayDo(member: Member, settings: Settings, action: Action): boolean {
  const excepted = isFixed(action) ? undefined : member.exceptions?.[action];
  return excepted ?? ROLES.indexOf(member.role) >= ROLES.indexOf(lowestRole(settings, action));
}

/** What a member may do in a room; nothing for others. */
export function permissionsOf(member: Member | undefined, settings: Settings | undefined): May {
  return (action) => member !== undefined && settings !== undefined && mayDo(member, settings, action);
}

/** Whether tracks that the member adds wait for approval. */
export function onlySuggests(may: May, settings: Settings): boolean {
  return settings.suggestions && !may('approve');
}

/** Whether the member may add tracks, directly or as suggestions. */
export function mayAdd(may: May, settings: Settings): boolean {
  return may(onlySuggests(may, settings) ? 'suggest' : 'queue');
}

/** Whether the member's queue may play, as far as it depends on permissions. */
export function mayPlay(may: May, settings: Settings): boolean {
  return may('queue') || (settings.suggestions && may('suggest'));
}
