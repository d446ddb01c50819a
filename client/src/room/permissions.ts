import type { Action, Member, Role, Settings } from '$protocol';

/** What may be offered to somebody. The server decides; this only keeps from offering what it would refuse. */
export type May = (action: Action) => boolean;

const RANKS: readonly Role[] = ['listener', 'player', 'cohost', 'host'];

/** The lowest role that may do it in a new room: what a room's own table does not name is as it was. */
const LOWEST: Record<Action, Role> = {
  queue: 'player',
  suggest: 'listener',
  vote: 'listener',
  vote_skip: 'listener',
  chat: 'listener',
  curate_queue: 'cohost',
  control_playback: 'cohost',
  set_output: 'cohost',
  skip: 'cohost',
  approve: 'cohost',
  admit: 'cohost',
  lock: 'cohost',
  mute: 'cohost',
  see_audit: 'cohost',
  set_role: 'host',
  kick: 'host',
  ban: 'host',
  set_settings: 'host',
  set_permissions: 'host',
  claim_host: 'cohost',
  transfer_host: 'host',
  close_room: 'host',
};

/** Neither the table nor an exception changes who may do these. */
const FIXED: ReadonlySet<Action> = new Set(['set_permissions', 'claim_host', 'transfer_host', 'close_room']);

export const actions = Object.keys(LOWEST) as Action[];

export function isFixed(action: Action): boolean {
  return FIXED.has(action);
}

/** The lowest role that may do it in this room. */
export function lowestRole(settings: Settings, action: Action): Role {
  return (isFixed(action) ? undefined : settings.permissions[action]) ?? LOWEST[action];
}

export function mayDo(member: Member, settings: Settings, action: Action): boolean {
  const excepted = isFixed(action) ? undefined : member.exceptions?.[action];
  return excepted ?? RANKS.indexOf(member.role) >= RANKS.indexOf(lowestRole(settings, action));
}

/** What a member may do in a room; nothing for those who are none. */
export function permissionsOf(member: Member | undefined, settings: Settings | undefined): May {
  return (action) => member !== undefined && settings !== undefined && mayDo(member, settings, action);
}

/** Whether what they add waits for approval before it is in their queue. */
export function onlySuggests(may: May, settings: Settings): boolean {
  return settings.suggestions && !may('approve');
}

/** Whether they may add tracks, in whichever of the two ways. */
export function mayAdd(may: May, settings: Settings): boolean {
  return may(onlySuggests(may, settings) ? 'suggest' : 'queue');
}

/** Whether what they have waiting plays, as far as it depends on what they may. */
export function mayPlay(may: May, settings: Settings): boolean {
  return may('queue') || (settings.suggestions && may('suggest'));
}
