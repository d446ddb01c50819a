import type { Command, EntryCommand, EntryId, Member, Note, Room, UserId } from '$protocol';
import type { Own } from './own';
import { isFixed, mayAdd, permissionsOf } from './permissions';

/** What a page knows when it decides what to offer. */
export interface Known {
  room: Room;
  me: UserId;
  own: Own;
  /** What can still be undone, as far as this page saw it happen. */
  notes: readonly Note[];
  /**
   * How long the host has had no connected device: `null` while they have one, `unknown`: since before this page
   * opened.
   */
  hostGoneMs: number | 'unknown' | null;
}

/**
 * Whether a page offers a command to this member: exactly when the server accepts it, as far as that depends on
 * permissions. `offers.test.ts` compares both for every command.
 */
export function isOffered(known: Known, command: Command): boolean {
  const { room, me, own } = known;
  const { settings } = room;
  const self = memberOf(room, me);
  if (self === undefined) return false;
  const may = permissionsOf(self, settings);
  const isMine = (entry: EntryId) => ownerOf(known, entry) === me;
  const mayChange = (entry: EntryId) =>
    ownerOf(known, entry) !== undefined && may(isMine(entry) ? 'queue' : 'curate_queue');
  const outranks = (id: UserId) => isBelow(memberOf(room, id), self);

  switch (command.name) {
    case 'enqueue':
    case 'enqueue_all':
      return mayAdd(may, settings);
    case 'dequeue':
      return mayChange(command.entry);
    case 'move':
      return settings.policy === 'host' ? may('curate_queue') : mayChange(command.entry);
    case 'play_next':
      return may('curate_queue') && ownerOf(known, command.entry) !== undefined;
    case 'clear':
      return may(command.member === me ? 'queue' : 'curate_queue');
    case 'pause_queue':
    case 'show_history':
    case 'rename':
      return true;
    case 'resume_queue':
      return (command.member ?? me) === me || may('curate_queue');
    case 'step_down':
      return settings.players_max > 0 && own.queue.length > 0;
    case 'vote':
      return may('vote') && !isMine(command.entry);
    case 'approve':
      return may('approve');
    case 'reject':
      return may('approve') || isMine(command.entry);
    case 'play':
    case 'pause':
    case 'seek':
      return allows(own, command.name) ?? may('control_playback');
    case 'skip':
      return command.unplayable ? may('skip') : (allows(own, 'skip') ?? may('skip'));
    case 'vote_skip':
      return allows(own, 'vote_skip') ?? (may('vote_skip') && settings.vote_skip_share > 0);
    case 'set_output':
    case 'set_volume':
      return may('set_output');
    case 'set_role':
      return may('set_role') && outranks(command.member) && grantableRoles(self).includes(command.role);
    case 'set_permission':
      return may('set_permissions') && outranks(command.member) && !isFixed(command.action);
    case 'kick':
    case 'mute':
      return may(command.name) && outranks(command.member);
    case 'ban':
      return may('ban') && (memberOf(room, command.member) === undefined || outranks(command.member));
    case 'unban':
      return may('ban');
    case 'admit':
    case 'deny':
      return may('admit');
    case 'lock':
    case 'unlock':
      return may('lock');
    case 'remove_screen':
      return may('manage_screens');
    case 'rename_room':
    case 'set_policy':
    case 'block':
    case 'unblock':
    case 'preview_policy':
      return may('set_settings');
    case 'set_settings': {
      const { permissions, host_claim_after_ms } = command.settings;
      return may('set_settings') && ((!permissions && host_claim_after_ms === undefined) || may('set_permissions'));
    }
    case 'show_audit':
      return may('see_audit');
    case 'undo': {
      const note = known.notes.find(({ id }) => id === command.note);
      if (note === undefined) return false;
      if (note.deed === 'kick' || note.deed === 'skip') return may(note.deed);
      return may(note.member === me ? 'queue' : 'curate_queue');
    }
    case 'claim_host':
      return self.role !== 'host' && (room.owner === me || (may('claim_host') && isClaimable(known)));
    case 'transfer_host':
      return may('transfer_host') && command.member !== me;
    case 'close_room':
      return may('close_room');
    case 'say':
    case 'react':
      return may('chat') && self.muted !== true;
    case 'leave':
      return self.role !== 'host';
  }
}

/** The roles that a member can grant. */
export function grantableRoles(self: Member): Member['role'][] {
  return self.role === 'host' ? ['cohost', 'player', 'listener'] : ['player', 'listener'];
}

/** No one acts on the host, and only the host acts on co-hosts. */
function isBelow(other: Member | undefined, self: Member): boolean {
  if (other === undefined || other.role === 'host') return false;
  return other.role !== 'cohost' || self.role === 'host';
}

/** Whether the server accepts a command about the current entry; `null` from a server that does not say. */
function allows(own: Own, command: EntryCommand): boolean | null {
  return own.may === null ? null : own.may.includes(command);
}

function isClaimable({ room, hostGoneMs }: Known): boolean {
  const afterMs = room.settings.host_claim_after_ms;
  return afterMs > 0 && hostGoneMs !== null && (hostGoneMs === 'unknown' || hostGoneMs >= afterMs);
}

function memberOf(room: Room, id: UserId): Member | undefined {
  return room.members.find((member) => member.id === id);
}

/** The owner of an entry that waits in the order, for approval, or in the user's own queue. */
function ownerOf({ room, own }: Known, id: EntryId): UserId | undefined {
  return [...room.upcoming, ...(room.suggestions ?? []), ...own.queue].find((entry) => entry.id === id)?.member;
}
