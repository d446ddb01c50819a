import type { Event, Room, ServerFrame, UserId } from '$protocol';
import type { Welcome } from '../connection/connection';
import { lineAfter } from '../room/line';
import { nothingOwn, type Own, ownAfter, ownInSnapshot } from '../room/own';
import { mayAdd, onlySuggests, permissionsOf } from '../room/permissions';
import { applyPresence, type Presence } from '../room/presence';
import { minds } from '../room/queue-state';
import { applyDelta, type Delta, identityAfter } from '../room/room';
import { skipVotesNeeded } from '../room/skip-votes';
import { memberName, text } from '../text/common';

/** What a delta changed. */
export interface RoomChange {
  before: Room;
  after: Room;
  events: readonly Event[];
  /** The user and what was theirs before the delta. */
  me: UserId | null;
  own: Own;
  /** The room is shown as well as it can be; only a snapshot is exact. */
  needsSnapshot: boolean;
}

/** The room as the server described it last, with what this user may do in it. Knows neither sockets nor players. */
export class RoomStore {
  room = $state.raw<Room | null>(null);
  presence = $state.raw<Presence>(new Map());
  me = $state.raw<UserId | null>(null);
  /** The user's votes and queue, as far as no snapshot contains them. */
  own = $state.raw<Own>(nothingOwn);

  /** This user as a member. */
  self = $derived(this.room?.members.find((member) => member.id === this.me));
  role = $derived(this.self?.role ?? 'listener');
  may = $derived(permissionsOf(this.self, this.room?.settings));
  /** The user may add tracks only as suggestions. */
  onlySuggests = $derived(this.room !== null && onlySuggests(this.may, this.room.settings));
  /** The user may add tracks, directly or as suggestions. */
  mayAdd = $derived(this.room !== null && mayAdd(this.may, this.room.settings));
  /** The user's queue, whether or not it takes part in the order of play. */
  mine = $derived(this.own.queue);
  /** How many votes skip the current track; `null` where votes cannot. */
  skipVotesNeeded = $derived(this.room === null ? null : skipVotesNeeded(this.room, this.presence, this.me));

  /** `own` in the welcome covers events up to this offset. */
  #ownOffset = 0;

  welcome({ member, own }: Welcome): void {
    const { queue, votes, offset } = own ?? { ...nothingOwn, offset: 0 };
    this.me = member;
    // The server does not repeat what was removed before: keep it, so that an undo can show it again.
    this.own = { queue, votes: votes as Own['votes'], taken: this.own.taken };
    this.#ownOffset = offset;
  }

  replace(room: Room): void {
    if (this.me !== null) this.own = ownInSnapshot(this.own, room, this.me);
    this.room = room;
  }

  /** `null` when the delta cannot be applied: there is no room yet, or this client does not know one of its events. */
  apply(delta: Delta): RoomChange | null {
    const { room: before, me, own } = this;
    const next = before === null ? null : applyDelta(before, delta);
    if (before === null || next === null) return null;
    const { events } = delta;
    const { line, sure } = lineAfter(before, next, events);
    const after = { ...next, line };
    if (me !== null) {
      const ownKnown = delta.position.offset <= this.#ownOffset;
      this.own = ownKnown ? ownInSnapshot(own, after, me) : ownAfter(own, before, after, events, me);
      this.me = identityAfter(events, me);
    }
    this.room = after;
    // Only users who wait for a turn to play gain from an exact waitlist.
    const needsSnapshot = !sure && this.me !== null && minds(after, this.me, this.mine.length > 0);
    return { before, after, events, me, own, needsSnapshot };
  }

  applyPresence(frame: Extract<ServerFrame, { type: 'presence' }>): void {
    this.presence = applyPresence(this.presence, frame);
  }

  nameOf(id: UserId): string {
    return memberName(this.room?.members ?? [], id);
  }

  /** As `nameOf`, but "you" for this user. */
  called = (id: UserId): string => (id === this.me ? text.room.you : this.nameOf(id));

  pictureOf(id: UserId): string | null {
    return this.room?.members.find((member) => member.id === id)?.picture ?? null;
  }
}
