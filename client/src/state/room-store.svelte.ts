import type { Entry, EntryId, Event, Member, Room, ScreenId, Own as SentOwn, ServerFrame, UserId } from '$protocol';
import type { Welcome } from '../connection/connection';
import { lockedAfter } from '../room/expected';
import type { Known } from '../room/offers';
import { measuredAfter, nothingOwn, type Own, ownIn, ownOf, votedAfter } from '../room/own';
import { onlySuggests, permissionsOf } from '../room/permissions';
import { applyPresence, type Presence } from '../room/presence';
import { applyDelta, type Delta, identityAfter } from '../room/room';
import { sameTimeline } from '../sync/timeline';
import { nameOfMember, text } from '../text/room';

const NO_MEMBERS: readonly Member[] = [];

/** What a delta changed. */
export interface RoomChange {
  before: Room;
  after: Room;
  events: readonly Event[];
  /** The user and what was theirs before the delta. */
  me: UserId | null;
  own: Own;
}

/** The room as the server described it last, with what this user may do in it. Knows neither sockets nor players. */
export class RoomStore {
  room = $state.raw<Room | null>(null);
  presence = $state.raw<Presence>(new Map());
  /** The paired screens that are connected. */
  screens = $state.raw<ReadonlySet<ScreenId>>(new Set());
  me = $state.raw<UserId | null>(null);
  /** What the server tells to this user only: their votes and queue, and what they may do with the current entry. */
  own = $state.raw<Own>(nothingOwn);
  /** The entry that certainly plays next, once the server has said so. */
  locked: EntryId | null = null;

  /** Changes only when the list does, not with everything else in the room. */
  #members = $derived(this.room?.members ?? NO_MEMBERS);
  /** A room has up to 5,000. */
  #byId = $derived(new Map(this.#members.map((member) => [member.id, member])));
  /** This user as a member. */
  self = $derived(this.me === null ? undefined : this.#byId.get(this.me));
  role = $derived(this.self?.role ?? 'listener');
  may = $derived(permissionsOf(this.self, this.room?.settings));
  /** The user may add tracks only as suggestions. */
  onlySuggests = $derived(this.room !== null && onlySuggests(this.may, this.room.settings));
  /** The user's queue, whether or not it takes part in the order of play. */
  mine = $derived(this.own.queue);
  /** The user's own track, while it is on. */
  get mineOn(): Entry | null {
    const on = this.room?.now_playing ?? null;
    return on !== null && on.member === this.me && !on.fallback ? on : null;
  }

  /** How many votes skip the current entry; `null` where votes skip nothing. */
  skipVotesNeeded = $state<number | null>(null);
  /** What the page knows when it decides what to offer, except for what can be undone and how long the host is gone. */
  known = $derived.by((): Known | null => {
    const { room, me, own } = this;
    return room === null || me === null ? null : { room, me, own, notes: [], hostGoneMs: null };
  });

  welcome({ member, own }: Welcome): void {
    this.me = member;
    this.applyOwn(own ?? null);
  }

  replace(room: Room): void {
    if (this.me !== null) this.own = ownIn(this.own, room, this.me);
    // A snapshot does not say what is locked.
    if (this.room === null || !sameTimeline(this.room.playback, room.playback)) this.locked = null;
    this.room = room;
  }

  /** `null` when the delta cannot be applied: there is no room yet, or this client does not know one of its events. */
  apply(delta: Delta): RoomChange | null {
    const { room: before, me, own } = this;
    const after = before === null ? null : applyDelta(before, delta);
    if (before === null || after === null) return null;
    const { events } = delta;
    this.#setSkipVotesNeeded(delta.skip_votes_needed);
    if (me !== null) {
      this.own = ownIn(votedAfter(measuredAfter(own, events), events, me), after, me);
      this.me = identityAfter(events, me);
    }
    this.locked = lockedAfter(this.locked, before, events);
    this.room = after;
    return { before, after, events, me, own };
  }

  applyOwn(sent: SentOwn | null): void {
    const own = sent === null ? nothingOwn : ownOf(sent);
    this.own = this.room === null || this.me === null ? own : ownIn(own, this.room, this.me);
  }

  applyPresence(frame: Extract<ServerFrame, { type: 'presence' }>): void {
    this.presence = applyPresence(this.presence, frame);
    if (frame.full || frame.screens) this.screens = new Set(frame.screens);
    this.#setSkipVotesNeeded(frame.skip_votes_needed);
  }

  nameOf(id: UserId): string {
    return nameOfMember(this.#byId.get(id));
  }

  /** As `nameOf`, but "you" for this user. */
  called = (id: UserId): string => (id === this.me ? text.room.you : this.nameOf(id));

  pictureOf(id: UserId): string | null {
    return this.#byId.get(id)?.picture ?? null;
  }

  #setSkipVotesNeeded(needed: number | null | undefined): void {
    if (typeof needed === 'number') this.skipVotesNeeded = needed || null;
  }
}
