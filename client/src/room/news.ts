import type { Entry, EntryId, Event, Policy, Role, Room, UserId } from '$protocol';
import type { Own } from './own';
import { permissionsOf } from './permissions';
import { identityAfter } from './room';

/**
 * What a user should learn about the actions of others: those that affect them or their music, and changes of the rules
 * that apply to them. Never their own actions. Names are as they were at the time of the event.
 */
export type News =
  | { kind: 'removed' | 'skipped' | 'moved' | 'put_first' | 'approved' | 'rejected'; title: string; by: string }
  | { kind: 'on' | 'voted_out' | 'unplayable' | 'gone' | 'removed_unplayable' | 'removed_gone'; title: string }
  | {
      kind:
        | 'cleared'
        | 'put_back'
        | 'muted'
        | 'unmuted'
        | 'paused'
        | 'resumed'
        | 'permission'
        | 'made_host'
        | 'claimed'
        | 'taken_back';
      by: string;
    }
  | { kind: 'role'; role: Role; by: string }
  | { kind: 'new_host' | 'waits'; name: string }
  | { kind: 'back'; name: string; by: string }
  | { kind: 'room_renamed'; name: string; by: string }
  | { kind: 'policy'; policy: Policy }
  | { kind: 'suggestions'; on: boolean };

/** Groups by kind, ordered by the latest event of each kind; of many kinds the latest ones. */
export function groupedByKind(news: readonly News[], kindsMax: number): News[][] {
  const byKind = new Map<News['kind'], News[]>();
  for (const one of news) {
    const same = byKind.get(one.kind) ?? [];
    byKind.delete(one.kind);
    byKind.set(one.kind, [...same, one]);
  }
  return [...byKind.values()].slice(-kindsMax);
}

/** The state before and after the events. */
export interface NewsContext {
  before: Room;
  after: Room;
  own: Own;
  me: UserId;
}

export function newsOf(
  seen: NewsContext,
  events: readonly Event[],
  nameOf: (room: Room, id: UserId) => string,
): News[] {
  const { before, after, own, me } = seen;
  const now = identityAfter(events, me);
  const isMe = (id: UserId | null | undefined) => id === me || id === now;
  const members = [...after.members, ...before.members, ...(before.lobby ?? [])];
  const everybody: Room = { ...after, members };
  const name = (id: UserId) => nameOf(everybody, id);
  const may = permissionsOf(
    after.members.find((member) => isMe(member.id)),
    after.settings,
  );
  const entries = new Map<EntryId, Entry>((before.suggestions ?? []).map((entry) => [entry.id, entry]));
  let on = before.now_playing;

  return events.flatMap((event): News[] => {
    switch (event.name) {
      case 'entry_suggested':
        entries.set(event.entry.id, event.entry);
        return [];
      case 'entry_started': {
        const last = on;
        on = event.entry;
        // A turn begins after a track of someone else. One that starts in a silent room was added just now.
        if (last === null || isMe(last.member) || !isMe(on.member)) return [];
        return [{ kind: 'on', title: on.track.title }];
      }
      case 'entry_removed': {
        const { removed, by, fault } = event;
        if (!removed || !isMe(removed.member) || isMe(by)) return [];
        if (fault) return [{ kind: `removed_${fault}`, title: removed.track.title }];
        return [{ kind: 'removed', title: removed.track.title, by: name(by) }];
      }
      case 'suggestion_approved':
      case 'suggestion_rejected': {
        const entry = entries.get(event.entry);
        if (entry === undefined || !isMe(entry.member) || isMe(event.by)) return [];
        const kind = event.name === 'suggestion_approved' ? 'approved' : 'rejected';
        return [{ kind, title: entry.track.title, by: name(event.by) }];
      }
      case 'queue_cleared':
        if (isMe(event.by) || own.queue.length === 0 || (event.member && !isMe(event.member))) return [];
        return [{ kind: 'cleared', by: name(event.by) }];
      case 'entry_ended': {
        if (on === null || on.id !== event.entry) return [];
        const { title } = on.track;
        // Everyone hears the track break off.
        if (event.reason === 'unplayable' || event.reason === 'gone') return [{ kind: event.reason, title }];
        if (on.fallback || !isMe(on.member)) return [];
        if (event.reason === 'voted_out') return [{ kind: event.reason, title }];
        if (event.reason !== 'skipped' || !event.by || isMe(event.by)) return [];
        return [{ kind: 'skipped', title, by: name(event.by) }];
      }
      case 'noted': {
        const { deed, member, by, title } = event.note;
        if (!isMe(member) || isMe(by) || !title) return [];
        if (deed === 'play_next') return [{ kind: 'put_first', title, by: name(by) }];
        return deed === 'move' ? [{ kind: 'moved', title, by: name(by) }] : [];
      }
      case 'role_changed':
        if (!isMe(event.member) || isMe(event.by)) return [];
        return [{ kind: 'role', role: event.role, by: name(event.by) }];
      case 'permission_changed':
        return isMe(event.member) && !isMe(event.by) ? [{ kind: 'permission', by: name(event.by) }] : [];
      case 'member_muted':
        if (!isMe(event.member) || isMe(event.by)) return [];
        return [{ kind: event.muted ? 'muted' : 'unmuted', by: name(event.by) }];
      case 'queue_paused':
        if (!isMe(event.member) || isMe(event.by)) return [];
        return [{ kind: event.paused ? 'paused' : 'resumed', by: name(event.by) }];
      case 'host_transferred':
        if (isMe(event.from)) return [];
        return isMe(event.to)
          ? [{ kind: 'made_host', by: name(event.from) }]
          : [{ kind: 'new_host', name: name(event.to) }];
      case 'host_claimed':
        if (isMe(event.to)) return [];
        return isMe(event.from)
          ? [{ kind: event.to === before.owner ? 'taken_back' : 'claimed', by: name(event.to) }]
          : [{ kind: 'new_host', name: name(event.to) }];
      case 'room_renamed':
        return isMe(event.by) ? [] : [{ kind: 'room_renamed', name: event.room_name, by: name(event.by) }];
      case 'settings_changed': {
        if (isMe(event.by)) return [];
        const { policy, suggestions } = event.settings;
        return [
          ...(policy ? [{ kind: 'policy', policy } as const] : []),
          ...(typeof suggestions === 'boolean' && !may('approve')
            ? [{ kind: 'suggestions', on: suggestions } as const]
            : []),
        ];
      }
      case 'lobby_entered': {
        const known = before.lobby?.some(({ id }) => id === event.person.id);
        return may('admit') && !known ? [{ kind: 'waits', name: event.person.name }] : [];
      }
      case 'undone':
        if (isMe(event.by)) return [];
        if (event.member && !isMe(event.member.id))
          return [{ kind: 'back', name: event.member.name, by: name(event.by) }];
        return (event.owners ?? []).some(isMe) ? [{ kind: 'put_back', by: name(event.by) }] : [];
      default:
        return [];
    }
  });
}
