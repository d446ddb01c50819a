// Written by `generate` from the Rust types in protocol/src. Do not edit.

/**
 * A person: a guest or an account. The same id is their id as a member of a room, so that queue, votes and airtime
 * belong to the durable identity and not to a socket.
 */
export type UserId = string;

/**
 * One login of one person in one browser.
 */
export type SessionId = string;

/**
 * A password, a passcode or a token inside a frame or a body. `Debug` does not show it, so that no log line of a whole
 * request can.
 */
export type Secret = string;

/**
 * One place in one member's queue. The same track queued twice is two entries.
 */
export type EntryId = string;

/**
 * One WebSocket.
 */
export type ConnectionId = string;

/**
 * One browser or app installation, chosen by the client and kept by it.
 */
export type DeviceId = string;

/**
 * A command's id, chosen by the client: the same id sent again has no second effect.
 */
export type CommandId = string;

/**
 * What people type or scan to enter a room: six characters of Crockford base32, in any case, `O` read as `0`, `I` and
 * `L` as `1`. Thirty bits: guessing is slowed down by limits, not by length.
 */
export type RoomCode = string;

/**
 * A provider of music, such as `library`: 1 to 16 characters of `a`–`z`, `0`–`9`, `-` and `_`.
 *
 * The set is open. A receiver shows the tracks of a provider that it does not know, and does not play them.
 */
export type ProviderId = 'library' | 'spotify' | (string & {});

/**
 * A place in a room's history. `offset` counts events from 1; `epoch` changes whenever the server cannot prove that the
 * offsets before and after are one history.
 */
export type Position = { 
/**
 * Which history.
 */
epoch: number, 
/**
 * The last event of it that is included.
 */
offset: number, };

/**
 * What a member may do, from most to least.
 */
export type Role = "listener" | "player" | "cohost" | "host";

/**
 * How somebody is known.
 */
export type UserKind = "guest" | "user";

/**
 * Something that not everybody may do.
 */
export type Action = "queue" | "suggest" | "vote" | "vote_skip" | "chat" | "curate_queue" | "control_playback" | "set_output" | "skip" | "approve" | "admit" | "lock" | "mute" | "see_audit" | "set_role" | "kick" | "ban" | "set_settings" | "set_permissions" | "claim_host" | "transfer_host" | "close_room";

/**
 * Somebody who belongs to a room, connected or not.
 */
export type Member = { 
/**
 * Their durable identity.
 */
id: UserId, 
/**
 * Display name.
 */
name: string, 
/**
 * What they may do.
 */
role: Role, 
/**
 * Guest or account.
 */
kind: UserKind, 
/**
 * True when they have been gone for longer than the grace period: their queue waits for them, out of the order.
 */
away: boolean, 
/**
 * A small picture of them, absolute or relative to the server's root, at most 512 bytes; absent when there is none.
 */
picture?: string | null, 
/**
 * True when nobody hears what they say.
 */
muted?: boolean, 
/**
 * True when their queue waits, out of the order, until they or somebody for them resume it.
 */
paused?: boolean, 
/**
 * What they may or may not do, whatever the table says.
 */
exceptions?: { [key in Action]?: boolean }, };

/**
 * A track, with all that is shown of it.
 */
export type Track = { 
/**
 * Where the music comes from.
 */
provider: ProviderId, 
/**
 * The provider's id.
 */
id: string, 
/**
 * Title.
 */
title: string, 
/**
 * Artists, main artist first.
 */
artists: Array<string>, 
/**
 * Album, if known.
 */
album: string | null, 
/**
 * Length.
 */
duration_ms: number, 
/**
 * Cover art, absolute or relative to the server's root; `None` when there is none.
 */
art_url: string | null, 
/**
 * Whether its provider calls it explicit.
 */
explicit?: boolean, };

/**
 * Where an upcoming entry stands, and why.
 */
export type Place = { 
/**
 * 1 plays next.
 */
position: number, 
/**
 * The main reason for the position.
 */
reason: PlaceReason, 
/**
 * Which of its owner's coming turns this is: 1 is their next entry.
 */
turn: number, 
/**
 * Whose entries go ahead of it, nearest first, each once, without its owner; at most four.
 */
behind: Array<UserId>, 
/**
 * Airtime its owner has had in this room so far.
 */
airtime_ms: number, };

/**
 * Why an entry stands where it stands.
 */
export type PlaceReason = "locked" | "next" | "less_airtime" | "waited_longer" | "own_queue" | "fewer_turns" | "added_earlier" | "voted" | "hosts_order";

/**
 * One queued track.
 */
export type Entry = { 
/**
 * Its id.
 */
id: EntryId, 
/**
 * Who queued it; nobody's id for one of the fallback playlist.
 */
member: UserId, 
/**
 * Who else wanted it, where duplicates are credited.
 */
credits?: Array<UserId>, 
/**
 * True for one of the fallback playlist: nobody is charged for it.
 */
fallback?: boolean, 
/**
 * What it plays.
 */
track: Track, 
/**
 * When it was queued.
 */
added_at_ms: number, 
/**
 * Sum of the votes for it.
 */
votes: number, 
/**
 * Where it stands and why; absent on an entry that is playing or not in the order.
 */
place?: Place | null, };

/**
 * Whether music plays.
 */
export type PlaybackState = "playing" | "paused" | "idle";

/**
 * The timeline, as a fact and not a tick. While `playing` the position at an instant is
 * `anchor_position_ms + (instant - anchor_at_ms)`; negative means that it starts at a moment still to come.
 */
export type Playback = { 
/**
 * Whether music plays.
 */
state: PlaybackState, 
/**
 * What; `None` exactly when idle.
 */
entry: EntryId | null, 
/**
 * Position in the track at the anchor.
 */
anchor_position_ms: number, 
/**
 * The anchor, on the server's clock.
 */
anchor_at_ms: number, };

/**
 * Who plays unless the room says otherwise.
 */
export type OutputMode = "everyone" | "speakers";

/**
 * Which devices play. One that does not stays silent, whatever it could.
 */
export type Output = { 
/**
 * What `devices` are.
 */
mode: OutputMode, 
/**
 * Those that are left out (`everyone`), or the only ones that play (`speakers`); at most 64.
 */
devices: Array<DeviceId>, };

/**
 * Why an entry is over.
 */
export type EndReason = "finished" | "skipped" | "voted_out" | "unplayable";

/**
 * Something that was played.
 */
export type Played = { 
/**
 * The entry that it was.
 */
entry: EntryId, 
/**
 * For whom; absent for the fallback playlist and for those who are forgotten.
 */
member?: UserId | null, 
/**
 * What.
 */
track: Track, 
/**
 * When it started.
 */
started_at_ms: number, 
/**
 * How much of it was played.
 */
played_ms: number, 
/**
 * Why it ended.
 */
reason: EndReason, 
/**
 * By whom, when somebody ended it.
 */
by?: UserId | null, };

/**
 * A line of the list of who did what.
 */
export type Note = { 
/**
 * Its number; what `undo` takes.
 */
id: number, 
/**
 * When.
 */
at_ms: number, 
/**
 * Who.
 */
by: UserId, 
/**
 * What: the name of the command.
 */
deed: string, 
/**
 * To whom, when to somebody.
 */
member?: UserId | null, 
/**
 * The title of the track that it was about.
 */
title?: string | null, 
/**
 * The settings that it was about.
 */
settings?: Array<string>, 
/**
 * Until when it can be undone; absent when it cannot.
 */
undo_until_ms?: number | null, 
/**
 * By whom it was undone.
 */
undone_by?: UserId | null, };

/**
 * A track by reference.
 */
export type TrackRef = { 
/**
 * Whose track.
 */
provider: ProviderId, 
/**
 * The provider's id.
 */
id: string, };

/**
 * How the members' queues merge into one order.
 */
export type Policy = "fair" | "rotation" | "fifo" | "votes" | "host";

/**
 * What becomes of a track that is waiting or on already.
 */
export type Duplicates = "allow" | "refuse" | "credit";

/**
 * Whether explicit tracks are taken.
 */
export type Explicit = "allow" | "refuse";

/**
 * Who comes in. Members stay members, whatever it is.
 */
export type Admission = "open" | "lobby" | "accounts" | "locked";

/**
 * What the host has set. Of all limits 0 means: none.
 */
export type Settings = { 
/**
 * How the members' queues merge.
 */
policy: Policy, 
/**
 * Who gets how much airtime, in per cent of everybody else's: 200 is twice as much. Those who are not named have 100.
 */
weights: { [key in UserId]: number }, 
/**
 * The least that a start is charged, so that skipping at once does not give a turn for free.
 */
minimum_charge_ms: number, 
/**
 * The most that one start is charged: one long track does not silence its owner for an hour.
 */
debt_max_ms: number, 
/**
 * Entries that a member may have waiting.
 */
entries_per_member_max: number, 
/**
 * Minutes of music that a member may have waiting.
 */
minutes_per_member_max: number, 
/**
 * What becomes of a track that is waiting or on already.
 */
duplicates: Duplicates, 
/**
 * How long after its start a track is not queued again.
 */
track_cooldown_ms: number, 
/**
 * How long after a start nothing by one of the same artists is queued.
 */
artist_cooldown_ms: number, 
/**
 * The longest track that is taken.
 */
track_ms_max: number, 
/**
 * Whether explicit tracks are taken.
 */
explicit: Explicit, 
/**
 * Who comes in.
 */
admission: Admission, 
/**
 * Whether tracks of those who may not approve wait for approval.
 */
suggestions: boolean, 
/**
 * How many members play at a time; the others wait in line.
 */
players_max: number, 
/**
 * After how many starts a member goes to the end of that line.
 */
step_down_after: number, 
/**
 * How many of those who are present and may vote must agree to a skip, in per cent.
 */
vote_skip_share: number, 
/**
 * How long the host must be gone before a co-host may claim the room.
 */
host_claim_after_ms: number, 
/**
 * The lowest role that may do something.
 */
permissions: { [key in Action]?: Role }, 
/**
 * What plays, round and round, while nobody has anything waiting.
 */
fallback: Array<TrackRef>, };

/**
 * Some settings with new values. Of `weights` and `permissions` only the keys that are named change.
 */
export type SettingsChange = { 
/**
 * How the members' queues merge.
 */
policy?: Policy | null, 
/**
 * Who gets how much airtime, in per cent of everybody else's: 200 is twice as much. Those who are not named have 100.
 */
weights?: { [key in UserId]: number } | null, 
/**
 * The least that a start is charged, so that skipping at once does not give a turn for free.
 */
minimum_charge_ms?: number | null, 
/**
 * The most that one start is charged: one long track does not silence its owner for an hour.
 */
debt_max_ms?: number | null, 
/**
 * Entries that a member may have waiting.
 */
entries_per_member_max?: number | null, 
/**
 * Minutes of music that a member may have waiting.
 */
minutes_per_member_max?: number | null, 
/**
 * What becomes of a track that is waiting or on already.
 */
duplicates?: Duplicates | null, 
/**
 * How long after its start a track is not queued again.
 */
track_cooldown_ms?: number | null, 
/**
 * How long after a start nothing by one of the same artists is queued.
 */
artist_cooldown_ms?: number | null, 
/**
 * The longest track that is taken.
 */
track_ms_max?: number | null, 
/**
 * Whether explicit tracks are taken.
 */
explicit?: Explicit | null, 
/**
 * Who comes in.
 */
admission?: Admission | null, 
/**
 * Whether tracks of those who may not approve wait for approval.
 */
suggestions?: boolean | null, 
/**
 * How many members play at a time; the others wait in line.
 */
players_max?: number | null, 
/**
 * After how many starts a member goes to the end of that line.
 */
step_down_after?: number | null, 
/**
 * How many of those who are present and may vote must agree to a skip, in per cent.
 */
vote_skip_share?: number | null, 
/**
 * How long the host must be gone before a co-host may claim the room.
 */
host_claim_after_ms?: number | null, 
/**
 * The lowest role that may do something.
 */
permissions?: { [key in Action]?: Role } | null, 
/**
 * What plays, round and round, while nobody has anything waiting.
 */
fallback?: Array<TrackRef> | null, };

/**
 * The whole visible state of a room.
 */
export type Room = { 
/**
 * What people type to enter.
 */
code: RoomCode, 
/**
 * Its name.
 */
name: string, 
/**
 * True when nobody new may enter: `admission` is `locked`.
 */
locked: boolean, 
/**
 * What the host has set.
 */
settings: Settings, 
/**
 * Everyone who belongs to the room, in the order they joined.
 */
members: Array<Member>, 
/**
 * The timeline.
 */
playback: Playback, 
/**
 * Which devices play.
 */
output: Output, 
/**
 * The entry that the timeline is about.
 */
now_playing: Entry | null, 
/**
 * The merged order, at most the first 100 places.
 */
upcoming: Array<Entry>, 
/**
 * How many entries are in the order in all.
 */
upcoming_total: number, 
/**
 * Tracks that wait for approval, the oldest first.
 */
suggestions?: Array<Entry>, 
/**
 * Those who wait to be let in, longest first. They are no members.
 */
lobby?: Array<Member>, 
/**
 * Those who may not return.
 */
banned?: Array<Member>, 
/**
 * The fallback playlist.
 */
fallback?: Array<Track>, 
/**
 * Who has voted to skip what is on.
 */
skip_votes?: Array<UserId>, 
/**
 * With `players_max` set: the members whose queues play, then those waiting for a place. Empty otherwise.
 */
line?: Array<UserId>, 
/**
 * From whom the room was claimed: they get it back when they ask.
 */
owner?: UserId | null, };

/**
 * Something that happened, with all that is needed to take it in.
 */
export type Event = { "name": "room_created", 
/**
 * Its name.
 */
room_name: string, 
/**
 * Its host.
 */
host: Member, } | { "name": "member_joined", 
/**
 * Who.
 */
member: Member, } | { "name": "member_left", 
/**
 * Who.
 */
member: UserId, } | { "name": "member_kicked", 
/**
 * Who.
 */
member: UserId, 
/**
 * By whom.
 */
by: UserId, 
/**
 * The number of the note by which it can be undone.
 */
note?: number | null, } | { "name": "member_away", 
/**
 * Who.
 */
member: UserId, } | { "name": "member_returned", 
/**
 * Who.
 */
member: UserId, } | { "name": "member_renamed", 
/**
 * Who.
 */
member: UserId, 
/**
 * The new name.
 */
member_name: string, } | { "name": "member_changed", 
/**
 * Who.
 */
member: UserId, 
/**
 * Their name.
 */
member_name: string, 
/**
 * Guest or account.
 */
kind: UserKind, 
/**
 * Their picture; absent when there is none.
 */
picture?: string | null, } | { "name": "member_merged", 
/**
 * The guest, who is no member any more.
 */
from: UserId, 
/**
 * The account, as a member from now on.
 */
to: Member, } | { "name": "member_forgotten", 
/**
 * Who.
 */
member: UserId, } | { "name": "role_changed", 
/**
 * Whose.
 */
member: UserId, 
/**
 * The new role.
 */
role: Role, 
/**
 * By whom.
 */
by: UserId, } | { "name": "host_transferred", 
/**
 * The old host.
 */
from: UserId, 
/**
 * The new one.
 */
to: UserId, } | { "name": "entry_added", 
/**
 * The entry, without its place.
 */
entry: Entry, 
/**
 * The entry of the same member that it goes ahead of; at the end when absent.
 */
before?: EntryId | null, } | { "name": "entry_removed", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * By whom.
 */
by: UserId, 
/**
 * The number of the note by which it can be put back; absent when the owner removed it.
 */
note?: number | null, 
/**
 * The entry as it was; absent when the owner removed it.
 */
removed?: Entry | null, } | { "name": "entry_moved", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * The entry of the same member that it goes ahead of; to the end when absent.
 */
before?: EntryId | null, } | { "name": "next_locked", 
/**
 * Which.
 */
entry: EntryId, } | { "name": "entry_started", 
/**
 * Which.
 */
entry: Entry, 
/**
 * The timeline from now on.
 */
playback: Playback, } | { "name": "entry_ended", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * Why.
 */
reason: EndReason, 
/**
 * How much of it was played; its owner is charged for this.
 */
played_ms: number, 
/**
 * By whom, when somebody ended it.
 */
by?: UserId | null, } | { "name": "playback_changed", 
/**
 * The timeline from now on.
 */
playback: Playback, 
/**
 * By whom, when somebody did it.
 */
by?: UserId | null, } | { "name": "output_changed", 
/**
 * Which play from now on.
 */
output: Output, 
/**
 * By whom.
 */
by: UserId, } | { "name": "room_closed", 
/**
 * By whom.
 */
by: UserId, } | { "name": "settings_changed", 
/**
 * Which, to what.
 */
settings: SettingsChange, 
/**
 * The tracks of the new fallback playlist, when it changed.
 */
fallback?: Array<Track> | null, 
/**
 * By whom.
 */
by: UserId, } | { "name": "permission_changed", 
/**
 * Who.
 */
member: UserId, 
/**
 * What.
 */
action: Action, 
/**
 * Whether they may; as the table says when absent.
 */
allowed?: boolean | null, 
/**
 * By whom.
 */
by: UserId, } | { "name": "entry_voted", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * Who.
 */
member: UserId, 
/**
 * 1, -1, or 0 when the vote was taken back.
 */
value: number, 
/**
 * The sum of the votes for it now.
 */
votes: number, } | { "name": "entry_credited", 
/**
 * The entry that waits.
 */
entry: EntryId, 
/**
 * Who else wants it.
 */
member: UserId, } | { "name": "skip_voted", 
/**
 * What.
 */
entry: EntryId, 
/**
 * Who.
 */
member: UserId, 
/**
 * How many have.
 */
votes: number, 
/**
 * How many it takes of those who are present.
 */
needed: number, } | { "name": "queue_cleared", 
/**
 * Whose; everybody's when absent.
 */
member?: UserId | null, 
/**
 * By whom.
 */
by: UserId, 
/**
 * The number of the note by which they can be put back.
 */
note?: number | null, } | { "name": "queue_paused", 
/**
 * Whose.
 */
member: UserId, 
/**
 * Whether it waits.
 */
paused: boolean, 
/**
 * By whom.
 */
by: UserId, } | { "name": "stepped_down", 
/**
 * Who.
 */
member: UserId, } | { "name": "entry_suggested", 
/**
 * The entry that it would be.
 */
entry: Entry, } | { "name": "suggestion_approved", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * By whom.
 */
by: UserId, } | { "name": "suggestion_rejected", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * By whom.
 */
by: UserId, } | { "name": "member_muted", 
/**
 * Who.
 */
member: UserId, 
/**
 * Whether nobody hears them.
 */
muted: boolean, 
/**
 * By whom.
 */
by: UserId, } | { "name": "member_banned", 
/**
 * Who.
 */
member: UserId, 
/**
 * By whom.
 */
by: UserId, } | { "name": "ban_lifted", 
/**
 * Who.
 */
member: UserId, 
/**
 * By whom.
 */
by: UserId, } | { "name": "lobby_entered", 
/**
 * Who; no member yet.
 */
person: Member, } | { "name": "lobby_left", 
/**
 * Who.
 */
person: UserId, 
/**
 * Whether they were let in.
 */
admitted: boolean, 
/**
 * By whom; absent when they went.
 */
by?: UserId | null, } | { "name": "host_claimed", 
/**
 * The old host.
 */
from: UserId, 
/**
 * The new one.
 */
to: UserId, } | { "name": "noted", 
/**
 * The line.
 */
note: Note, } | { "name": "undone", 
/**
 * The number of its note.
 */
note: number, 
/**
 * By whom.
 */
by: UserId, 
/**
 * The member who is back, when it was a kick.
 */
member?: Member | null, 
/**
 * Whose entries are back, when entries were removed; at most the first 100 members.
 */
owners?: Array<UserId>, };

/**
 * Why a command or a request was refused.
 */
export type ErrorCode = "forbidden" | "not_found" | "invalid" | "conflict" | "limit_reached" | "duplicate_track" | "cooldown" | "unavailable" | "rate_limited" | "premium_required" | "needs_login" | "too_large" | "internal";

/**
 * The exact reason of a refusal.
 */
export type Reason = "room_closed" | "not_a_member" | "role_too_low" | "permission_withheld" | "only_the_host" | "no_such_member" | "no_such_entry" | "no_such_track" | "not_the_same_queue" | "about_to_start" | "nothing_on" | "entry_over" | "beyond_the_end" | "not_oneself" | "host_stays" | "hand_over_instead" | "queue_full" | "room_queue_full" | "room_full" | "banned" | "in_lobby" | "room_locked" | "account_needed" | "not_admitted" | "lobby_full" | "not_in_lobby" | "too_many_banned" | "not_banned" | "banned_meanwhile" | "no_such_suggestion" | "too_many_suggestions" | "too_many_devices" | "too_many_entries" | "too_many_minutes" | "duplicate_track" | "track_cooldown" | "artist_cooldown" | "track_too_long" | "explicit_track" | "bad_setting" | "fixed_action" | "bad_vote" | "own_track" | "too_many_votes" | "skip_votes_off" | "not_in_waitlist" | "nothing_to_undo" | "host_is_here" | "claim_too_early" | "claiming_off" | "muted" | "bad_text" | "unknown_command" | "too_many_commands" | "too_many_tracks" | "not_stored" | "provider_not_linked" | "track_unplayable" | "provider_busy" | "provider_unavailable" | "provider_login_needed" | "subscription_needed" | "provider_account_not_allowed" | "no_linked_account" | "provider_device_not_found" | "provider_account_in_use" | "bad_search" | "no_such_room" | "bad_room_name" | "bad_passcode" | "bad_username" | "bad_password" | "bad_display_name" | "wrong_credentials" | "wrong_password" | "login_needed" | "username_taken" | "already_logged_in" | "linked_elsewhere";

/**
 * A value of a reason.
 */
export type ReasonValue = number | string;

/**
 * What a member asks of the room, tagged by `name`.
 */
export type Command = { "name": "enqueue", 
/**
 * Which.
 */
track: TrackRef, 
/**
 * An entry of the sender's that it goes ahead of; at the end when absent.
 */
before?: EntryId | null, } | { "name": "dequeue", 
/**
 * Which.
 */
entry: EntryId, } | { "name": "move", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * The entry that it goes ahead of, of the same owner (policy `host`: of anybody); to the end when absent.
 */
before?: EntryId | null, } | { "name": "clear", 
/**
 * Whose; everybody's when absent.
 */
member?: UserId | null, } | { "name": "pause_queue" } | { "name": "resume_queue", 
/**
 * Somebody else's, for those who may change other people's queues.
 */
member?: UserId | null, } | { "name": "step_down" } | { "name": "vote", 
/**
 * Which.
 */
entry: EntryId, 
/**
 * 1 for it, -1 against it, 0 takes the vote back.
 */
value: number, } | { "name": "approve", 
/**
 * Which.
 */
entry: EntryId, } | { "name": "reject", 
/**
 * Which.
 */
entry: EntryId, } | { "name": "play" } | { "name": "pause" } | { "name": "seek", 
/**
 * Where to.
 */
position_ms: number, } | { "name": "set_output", 
/**
 * Whether `devices` are left out or the only ones.
 */
mode: OutputMode, 
/**
 * Which, at most 64.
 */
devices: Array<DeviceId>, } | { "name": "skip", 
/**
 * The entry that the sender means: another one is not skipped. Whatever is on when absent.
 */
entry?: EntryId | null, 
/**
 * True when it could not be played: its owner is not charged. For those who may skip other people's tracks.
 */
unplayable?: boolean | null, } | { "name": "vote_skip", 
/**
 * The entry that the sender means. Whatever is on when absent.
 */
entry?: EntryId | null, } | { "name": "set_role", 
/**
 * Whom.
 */
member: UserId, 
/**
 * Which.
 */
role: Role, } | { "name": "kick", 
/**
 * Whom.
 */
member: UserId, } | { "name": "ban", 
/**
 * Whom.
 */
member: UserId, } | { "name": "unban", 
/**
 * Whose.
 */
member: UserId, } | { "name": "mute", 
/**
 * Whom.
 */
member: UserId, 
/**
 * Whether nobody hears them.
 */
muted: boolean, } | { "name": "admit", 
/**
 * Whom.
 */
member: UserId, } | { "name": "deny", 
/**
 * Whom.
 */
member: UserId, } | { "name": "lock" } | { "name": "unlock" } | { "name": "set_policy", 
/**
 * How.
 */
policy: Policy, } | { "name": "set_settings", 
/**
 * Which, to what.
 */
settings: SettingsChange, } | { "name": "set_permission", 
/**
 * Whom.
 */
member: UserId, 
/**
 * What.
 */
action: Action, 
/**
 * Whether they may; as the table says when absent.
 */
allowed?: boolean | null, } | { "name": "preview_policy", 
/**
 * Which.
 */
policy: Policy, } | { "name": "show_history" } | { "name": "show_audit" } | { "name": "undo", 
/**
 * The number of its note; the sender's latest when absent.
 */
note?: number | null, } | { "name": "claim_host" } | { "name": "transfer_host", 
/**
 * Whom.
 */
member: UserId, } | { "name": "close_room" } | { "name": "rename", 
/**
 * The new one.
 */
display_name: string, } | { "name": "say", 
/**
 * What: at most 500 characters on one line.
 */
text: string, } | { "name": "react", 
/**
 * How.
 */
emoji: string, } | { "name": "leave" };

/**
 * What a device is for.
 */
export type DeviceKind = "player" | "remote" | "screen";

/**
 * One browser or app installation.
 */
export type Device = { 
/**
 * Chosen and kept by the client.
 */
id: DeviceId, 
/**
 * Shown to the member and the host, such as "Firefox on Linux".
 */
name: string, 
/**
 * What it is for.
 */
kind: DeviceKind, 
/**
 * Which providers it can play.
 */
providers: Array<ProviderId>, };

/**
 * How a device knows how far from the room's timeline it is.
 */
export type Measured = "estimated" | "heard";

/**
 * A device's own playback.
 */
export type DevicePlayback = { 
/**
 * The entry it plays.
 */
entry: EntryId | null, 
/**
 * Where in the track it is.
 */
position_ms: number, 
/**
 * When that was, on the server's clock.
 */
at_ms: number, 
/**
 * How far from the room's timeline it believes to be; positive is late.
 */
error_ms: number, 
/**
 * How unsure `error_ms` is: one standard deviation.
 */
deviation_ms?: number | null, 
/**
 * How `error_ms` is known; absent while it is not measured yet, and then it says nothing.
 */
measured?: Measured | null, 
/**
 * Whether it plays.
 */
state: PlaybackState, 
/**
 * Entries that it has decoded and can start at once, at most 4. Told to the server only: a `presence` has none.
 */
ready?: Array<EntryId>, };

/**
 * What a device is doing.
 */
export type DeviceStatus = { 
/**
 * Its own playback; `None` when it makes no sound.
 */
playback: DevicePlayback | null, 
/**
 * True when nobody looks at it and it makes no sound: it does not count as somebody being present.
 */
idle?: boolean, };

/**
 * Who enters which room, with which device.
 */
export type Hello = { 
/**
 * Access JWT.
 */
token: Secret, 
/**
 * The room's code, as typed.
 */
room: string, 
/**
 * The room's passcode, where it has one. Members who are already in need none.
 */
passcode?: Secret | null, 
/**
 * The device at this end.
 */
device: Device, 
/**
 * The position up to which this device already knows the room.
 */
resume?: Position | null, };

/**
 * A frame from a client, tagged by `type`.
 */
export type ClientFrame = { "type": "hello" } & Hello | { "type": "command", 
/**
 * Chosen by the client. Sent again, it has no second effect and gets the first reply.
 */
id: CommandId, 
/**
 * What to do.
 */
command: Command, } | { "type": "sync", 
/**
 * The client's clock; returned as it was.
 */
t0: number, } | { "type": "status" } & DeviceStatus | { "type": "refresh", 
/**
 * The new access token.
 */
token: Secret, };

/**
 * What a command asked for.
 */
export type Answer = { "upcoming": Array<Entry> } | { "history": Array<Played> } | { "audit": Array<Note> };

/**
 * A command about the entry that is on, by its name.
 */
export type EntryCommand = "play" | "pause" | "seek" | "skip" | "vote_skip";

/**
 * What is told to one member only: their queue, their votes, and what they may do with the entry that is on.
 */
export type Own = { 
/**
 * The last event that is in it.
 */
offset: number, 
/**
 * What they have waiting, in their order; at most the first 200.
 */
queue: Array<Entry>, 
/**
 * How they voted for entries that wait; at most 200.
 */
votes: { [key in EntryId]: number }, 
/**
 * True while `upcoming` does not show the whole queue: it takes no part in the order, or the order is longer than
 * what is shown. Then `own` is sent again whenever `queue` changes. Otherwise the queue is the member's entries in
 * `upcoming`, and `queue` is only right at `offset`.
 */
queue_hidden?: boolean, 
/**
 * The commands about the entry that is on which the room accepts from this member; none while nothing is on. `own` is
 * sent again when they change.
 */
may?: Array<EntryCommand> | null, };

/**
 * Why a command was refused.
 */
export type ReplyError = { 
/**
 * The kind of refusal.
 */
code: ErrorCode, 
/**
 * The reason as an English sentence.
 */
message: string, 
/**
 * Whether the same command may succeed later.
 */
retry: boolean, 
/**
 * The exact reason, for a page to have its own sentence about.
 */
reason?: Reason | null, 
/**
 * What a sentence about it needs.
 */
values?: { [key in string]: ReasonValue }, };

/**
 * One connected device.
 */
export type DevicePresence = { 
/**
 * Its id.
 */
id: DeviceId, 
/**
 * Its name.
 */
name: string, 
/**
 * What it is for.
 */
kind: DeviceKind, 
/**
 * What it says that it plays.
 */
playback?: DevicePlayback | null, };

/**
 * One member's connected devices; none: not connected.
 */
export type MemberPresence = { 
/**
 * Who.
 */
member: UserId, 
/**
 * With what.
 */
devices: Array<DevicePresence>, 
/**
 * True when all of the devices are idle.
 */
idle?: boolean, };

/**
 * A frame from the server, tagged by `type`.
 */
export type ServerFrame = { "type": "welcome", 
/**
 * This socket.
 */
connection: ConnectionId, 
/**
 * Who the server takes the client for.
 */
member: UserId, 
/**
 * Their role now.
 */
role: Role, 
/**
 * The server's clock.
 */
server_time_ms: number, 
/**
 * How often a `heartbeat` comes.
 */
heartbeat_ms: number, 
/**
 * When the access token runs out.
 */
expires_at_ms: number, 
/**
 * True when the missed deltas follow; false when a snapshot does.
 */
resumed: boolean, 
/**
 * What is the member's own and stands in no snapshot.
 */
own?: Own | null, } | { "type": "snapshot", 
/**
 * Up to where it reaches.
 */
position: Position, 
/**
 * The room.
 */
room: Room, } | { "type": "delta", 
/**
 * Of the last event.
 */
position: Position, 
/**
 * Contiguous: the first has offset `position.offset - events.len() + 1`.
 */
events: Array<Event>, 
/**
 * The new merged order, when it changed.
 */
upcoming?: Array<Entry> | null, 
/**
 * How many entries are in the order in all, when it changed.
 */
upcoming_total?: number | null, 
/**
 * The new waitlist (`line` of the room), when it changed.
 */
waitlist?: Array<UserId> | null, 
/**
 * How many votes skip the entry that is on, when it changed; 0: votes skip nothing.
 */
skip_votes_needed?: number | null, } | { "type": "reply", 
/**
 * The command's.
 */
id: CommandId, 
/**
 * Whether it was accepted.
 */
ok: boolean, 
/**
 * The room's offset after it, when accepted.
 */
offset?: number | null, 
/**
 * The entry that it made, when it made one.
 */
entry?: EntryId | null, 
/**
 * What was asked for, when something was.
 */
answer?: Answer | null, 
/**
 * Why not, when refused.
 */
error?: ReplyError | null, } | { "type": "presence", 
/**
 * True when `members` are all who are connected; false when they are those that changed.
 */
full: boolean, 
/**
 * Who.
 */
members: Array<MemberPresence>, 
/**
 * How many votes skip the entry that is on, in a full presence and when it changed; 0: votes skip nothing.
 */
skip_votes_needed?: number | null, } | { "type": "own" } & Own | { "type": "said", 
/**
 * Who.
 */
member: UserId, 
/**
 * What.
 */
text: string, 
/**
 * When.
 */
at_ms: number, } | { "type": "reacted", 
/**
 * Who.
 */
member: UserId, 
/**
 * How.
 */
emoji: string, 
/**
 * When.
 */
at_ms: number, } | { "type": "sync", 
/**
 * As it was sent.
 */
t0: number, 
/**
 * When the probe arrived, on the server's clock.
 */
t1: number, 
/**
 * When the answer left, on the server's clock.
 */
t2: number, } | { "type": "heartbeat", 
/**
 * The room's top offset: a client that is below it has missed something.
 */
offset: number, 
/**
 * The server's clock.
 */
server_time_ms: number, } | { "type": "notice", 
/**
 * What, for a page to have its own sentence about.
 */
code: string, 
/**
 * The same in English.
 */
message: string, 
/**
 * What a sentence about it needs.
 */
values?: { [key in string]: ReasonValue }, };

/**
 * `POST auth/guest`.
 */
export type GuestRequest = { 
/**
 * 1 to 40 characters.
 */
display_name: string, };

/**
 * `POST auth/login`.
 */
export type LoginRequest = { 
/**
 * In any case.
 */
username: string, 
/**
 * 8 to 72 bytes.
 */
password: Secret, };

/**
 * `POST auth/register`. Whoever is in without a password, as a guest or by Spotify, stays who they are and gets one.
 */
export type RegisterRequest = { 
/**
 * 3 to 32 letters, digits, `.`, `_` or `-`; unique whatever the case.
 */
username: string, 
/**
 * 8 to 72 bytes.
 */
password: Secret, 
/**
 * 1 to 40 characters.
 */
display_name: string, };

/**
 * Somebody, to themselves.
 */
export type User = { 
/**
 * Durable identity.
 */
id: UserId, 
/**
 * Guest or account.
 */
kind: UserKind, 
/**
 * Shown to others.
 */
display_name: string, 
/**
 * The login name of an account that has a password.
 */
username?: string | null, 
/**
 * Path of a small picture of them, on this server.
 */
picture?: string | null, 
/**
 * Whether Spotify is linked.
 */
spotify: boolean, };

/**
 * The answer of `auth/guest`, `auth/register`, `auth/login`, `auth/refresh` and `me/accounts/{slot}/activate`; the
 * refresh token is a cookie.
 */
export type AuthResponse = { 
/**
 * Access JWT for `Authorization: Bearer` and `hello`.
 */
access_token: Secret, 
/**
 * Seconds until it runs out.
 */
expires_in: number, 
/**
 * Who it speaks for.
 */
user: User, 
/**
 * The slot that they are in.
 */
slot: number, };

/**
 * From one password to the next.
 */
export type PasswordChange = { 
/**
 * The one that holds now.
 */
current: Secret, 
/**
 * 8 to 72 bytes.
 */
new: Secret, };

/**
 * `PATCH me`: what is absent stays as it is.
 */
export type UpdateMeRequest = { 
/**
 * 1 to 40 characters.
 */
display_name?: string | null, 
/**
 * A new password; all other sessions end.
 */
password?: PasswordChange | null, };

/**
 * One login in one browser.
 */
export type SessionSummary = { 
/**
 * For `DELETE me/sessions/{id}`.
 */
id: SessionId, 
/**
 * Whether it is the one that asks.
 */
current: boolean, 
/**
 * What the browser calls itself.
 */
user_agent: string, 
/**
 * When they logged in.
 */
created_at_ms: number, 
/**
 * When it was last used, to within ten minutes.
 */
last_used_at_ms: number, };

/**
 * `GET me/sessions`.
 */
export type SessionList = { 
/**
 * Last used first.
 */
sessions: Array<SessionSummary>, };

/**
 * Somebody on this device.
 */
export type DeviceAccount = { 
/**
 * Where their cookie is.
 */
slot: number, 
/**
 * Who.
 */
user: User, };

/**
 * `GET me/accounts`: who is in on this device. Known by the cookies alone.
 */
export type AccountList = { 
/**
 * By slot.
 */
accounts: Array<DeviceAccount>, 
/**
 * People who can share one device.
 */
slots_max: number, };

/**
 * Whether a link can be used.
 */
export type SpotifyLinkState = "linked" | "needs_login";

/**
 * Whether somebody may play Spotify on their own device.
 */
export type PremiumVerdict = "premium" | "not_premium" | "unknown";

/**
 * What a verdict rests on.
 */
export type PremiumEvidence = "profile" | "player" | "command";

/**
 * What is known of a Spotify subscription.
 */
export type Premium = { 
/**
 * In a word.
 */
verdict: PremiumVerdict, 
/**
 * What it rests on; absent: nothing yet.
 */
evidence?: PremiumEvidence | null, 
/**
 * When that was seen.
 */
at_ms?: number | null, };

/**
 * A linked Spotify account.
 */
export type SpotifyLink = { 
/**
 * What they are called there.
 */
display_name: string, 
/**
 * Whether it can be used.
 */
state: SpotifyLinkState, 
/**
 * When they last agreed.
 */
authorized_at_ms: number, 
/**
 * When Spotify forgets the agreement, whatever is done in between: six months after.
 */
expires_at_ms: number, 
/**
 * Whether that is so near that they should log in again now.
 */
expires_soon: boolean, 
/**
 * What is known of their subscription.
 */
premium: Premium, };

/**
 * `GET me/spotify`, and the answer of everything that changes it.
 */
export type SpotifyStatus = { 
/**
 * Absent: no Spotify account is linked.
 */
link?: SpotifyLink | null, };

/**
 * Events of Spotify's player in the browser that tell of a subscription.
 */
export type SpotifyPlayerEvent = "ready" | "account_error";

/**
 * `POST me/spotify/evidence`: what the browser's player saw.
 */
export type SpotifyEvidenceRequest = { 
/**
 * Which of its events.
 */
event: SpotifyPlayerEvent, };

/**
 * `POST me/spotify/token`: for the player in this browser, for nobody else.
 */
export type SpotifyToken = { 
/**
 * Spotify's access token.
 */
access_token: Secret, 
/**
 * Seconds until it runs out.
 */
expires_in: number, };

/**
 * How a login by Spotify ended: stands as `spotify=` in the query of the page that it leads back to, beside
 * `slot=` when somebody is in.
 */
export type SpotifyOutcome = "done" | "denied" | "expired" | "taken" | "full" | "busy" | "not_listed" | "failed";

/**
 * What a client must know to offer Spotify.
 */
export type SpotifyServer = { 
/**
 * The origin that Spotify sends people back to, such as `https://tutti.example`: a login must begin there, or its
 * cookies are not seen again.
 */
origin: string, 
/**
 * Where the script of the Web Playback SDK is.
 */
sdk_url: string, };

/**
 * A device of a Spotify account.
 */
export type SpotifyDevice = { 
/**
 * Spotify's id of it.
 */
id: string, 
/**
 * What its owner calls it.
 */
name: string, 
/**
 * Such as `Smartphone`.
 */
kind: string, 
/**
 * Whether it is the one that the account plays on.
 */
active: boolean, 
/**
 * Whether it takes no commands.
 */
restricted: boolean, };

/**
 * `GET me/spotify/devices`: where somebody's account can play.
 */
export type SpotifyDevices = { 
/**
 * In Spotify's order.
 */
devices: Array<SpotifyDevice>, };

/**
 * `POST me/spotify/play`: starts a track on one of their devices; for the player in the browser.
 */
export type SpotifyPlayRequest = { 
/**
 * Spotify's id of the device.
 */
device_id: string, 
/**
 * Spotify's id of the track.
 */
track: string, 
/**
 * From where.
 */
position_ms: number, };

/**
 * `PUT rooms/{code}/spotify-output`: what the room plays from Spotify is heard on this device of theirs.
 */
export type ChooseSpotifyOutput = { 
/**
 * Spotify's id of the device.
 */
device_id: string, 
/**
 * The device of the room that it sounds for, as in `hello`: what the room's `output` says of that holds for it.
 */
device?: DeviceId | null, };

/**
 * How it goes with a device that follows a room.
 */
export type SpotifyOutputState = "silent" | "playing" | "paused" | "unplayable" | "busy" | "unreachable" | "gone" | "taken" | "not_premium" | "needs_login" | "over";

/**
 * A device of somebody's Spotify account that follows a room.
 */
export type SpotifyOutput = { 
/**
 * Which room.
 */
room: RoomCode, 
/**
 * Spotify's id of the device.
 */
device_id: string, 
/**
 * What its owner calls it.
 */
name: string, 
/**
 * How it goes.
 */
state: SpotifyOutputState, 
/**
 * When Spotify can be asked again, while `state` is `busy`.
 */
retry_at_ms?: number | null, 
/**
 * How far it was from the room's timeline when that was last looked at; positive is late.
 */
error_ms?: number | null, };

/**
 * `GET` and `PUT rooms/{code}/spotify-output`.
 */
export type SpotifyOutputStatus = { 
/**
 * Absent: none is chosen.
 */
output?: SpotifyOutput | null, };

/**
 * `POST rooms`.
 */
export type CreateRoomRequest = { 
/**
 * 1 to 60 characters.
 */
name: string, 
/**
 * 1 to 64 characters; none: whoever has the code may enter.
 */
passcode?: Secret | null, };

/**
 * What a room shows to those who are not in it: `POST rooms`, `GET rooms/{code}`, each of `GET me/rooms`.
 */
export type RoomSummary = { 
/**
 * Its code.
 */
code: RoomCode, 
/**
 * Its name.
 */
name: string, 
/**
 * Its host's display name.
 */
host_name: string, 
/**
 * Whether a passcode is asked of newcomers.
 */
has_passcode: boolean, 
/**
 * Whether the asker is a member already.
 */
member: boolean, 
/**
 * When it was opened.
 */
created_at_ms: number, };

/**
 * `GET me/rooms`.
 */
export type RoomList = { 
/**
 * Newest first.
 */
rooms: Array<RoomSummary>, };

/**
 * `GET search`.
 */
export type SearchResponse = { 
/**
 * Best match first.
 */
tracks: Array<Track>, 
/**
 * Asks for the next page; `None` on the last.
 */
next_cursor: string | null, 
/**
 * True when the provider cannot be asked at all: it needs an account, and nobody who could lend theirs has a link that
 * works.
 */
closed?: boolean, };

/**
 * `GET server`: what a client must know before anybody logs in.
 */
export type ServerDescription = { 
/**
 * Version of the server.
 */
version: string, 
/**
 * Where guests reach it, without a trailing slash; what QR codes and shared links start with. `None`: wherever
 * the page was opened.
 */
public_url: string | null, 
/**
 * Which music there is to search.
 */
providers: Array<ProviderId>, 
/**
 * Logging in with Spotify; absent: it is not set up here.
 */
spotify?: SpotifyServer | null, };

/**
 * `application/problem+json` (RFC 9457).
 */
export type Problem = { 
/**
 * `about:blank`: the code says it all.
 */
type: string, 
/**
 * Of the status.
 */
title: string, 
/**
 * HTTP status.
 */
status: number, 
/**
 * For people.
 */
detail: string, 
/**
 * For programs.
 */
code: ErrorCode, 
/**
 * Stands in the server's log beside what really happened.
 */
error_id: string, 
/**
 * The exact reason, where there is one, for a page to have its own sentence about.
 */
reason?: Reason | null, 
/**
 * What a sentence about it needs.
 */
values?: { [key in string]: ReasonValue }, };

/** Why the server closed a WebSocket. Below 4500: come back; from 4500: do not. */
export const CloseCode = {
  GoingAway: 4001,
  Internal: 4002,
  TokenExpired: 4003,
  HeartbeatMissed: 4004,
  TooSlow: 4005,
  TryLater: 4006,
  RoomMoved: 4007,
  Waiting: 4008,
  BadHello: 4500,
  Unauthenticated: 4501,
  RoomNotFound: 4502,
  Banned: 4503,
  Kicked: 4504,
  PasscodeWrong: 4505,
  ProtocolViolation: 4506,
  TooManyConnections: 4507,
  RoomClosed: 4508,
  SessionRevoked: 4509,
  Left: 4510,
  RoomLocked: 4511,
  AccountNeeded: 4512,
  NotAdmitted: 4513,
} as const;

/** Every action: the lowest role that may do it in a new room, and whether that can be changed. */
export const ACTIONS: Record<Action, { lowest: Role; fixed: boolean }> = {
  queue: { lowest: "player", fixed: false },
  suggest: { lowest: "listener", fixed: false },
  vote: { lowest: "listener", fixed: false },
  vote_skip: { lowest: "listener", fixed: false },
  chat: { lowest: "listener", fixed: false },
  curate_queue: { lowest: "cohost", fixed: false },
  control_playback: { lowest: "cohost", fixed: false },
  set_output: { lowest: "cohost", fixed: false },
  skip: { lowest: "cohost", fixed: false },
  approve: { lowest: "cohost", fixed: false },
  admit: { lowest: "cohost", fixed: false },
  lock: { lowest: "cohost", fixed: false },
  mute: { lowest: "cohost", fixed: false },
  see_audit: { lowest: "cohost", fixed: false },
  set_role: { lowest: "host", fixed: false },
  kick: { lowest: "host", fixed: false },
  ban: { lowest: "host", fixed: false },
  set_settings: { lowest: "host", fixed: false },
  set_permissions: { lowest: "host", fixed: true },
  claim_host: { lowest: "cohost", fixed: true },
  transfer_host: { lowest: "host", fixed: true },
  close_room: { lowest: "host", fixed: true },
};

/** Every role, from least to most. */
export const ROLES: readonly Role[] = ["listener","player","cohost","host"];

/** Every command, by name. */
export const COMMANDS: readonly Command['name'][] = ["enqueue","dequeue","move","clear","pause_queue","resume_queue","step_down","vote","approve","reject","play","pause","seek","set_output","skip","vote_skip","set_role","kick","ban","unban","mute","admit","deny","lock","unlock","set_policy","set_settings","set_permission","preview_policy","show_history","show_audit","undo","claim_host","transfer_host","close_room","rename","say","react","leave"];

/** The settings of a new room. */
export const DEFAULT_SETTINGS: Settings = {
  "policy": "fair",
  "weights": {},
  "minimum_charge_ms": 30000,
  "debt_max_ms": 600000,
  "entries_per_member_max": 0,
  "minutes_per_member_max": 0,
  "duplicates": "allow",
  "track_cooldown_ms": 0,
  "artist_cooldown_ms": 0,
  "track_ms_max": 0,
  "explicit": "allow",
  "admission": "open",
  "suggestions": false,
  "players_max": 0,
  "step_down_after": 0,
  "vote_skip_share": 50,
  "host_claim_after_ms": 600000,
  "permissions": {
    "queue": "player",
    "suggest": "listener",
    "vote": "listener",
    "vote_skip": "listener",
    "chat": "listener",
    "curate_queue": "cohost",
    "control_playback": "cohost",
    "set_output": "cohost",
    "skip": "cohost",
    "approve": "cohost",
    "admit": "cohost",
    "lock": "cohost",
    "mute": "cohost",
    "see_audit": "cohost",
    "set_role": "host",
    "kick": "host",
    "ban": "host",
    "set_settings": "host"
  },
  "fallback": []
};

/** Every error code, and whether the same command may succeed later. */
export const ERROR_CODES: Record<ErrorCode, { retry: boolean }> = {
  forbidden: { retry: false },
  not_found: { retry: false },
  invalid: { retry: false },
  conflict: { retry: false },
  limit_reached: { retry: false },
  duplicate_track: { retry: false },
  cooldown: { retry: true },
  unavailable: { retry: true },
  rate_limited: { retry: true },
  premium_required: { retry: false },
  needs_login: { retry: false },
  too_large: { retry: false },
  internal: { retry: true },
};

/** Every exact reason for a refusal: its error code, and the values that come with it. */
export const REASONS = {
  room_closed: { code: "conflict", values: [] },
  not_a_member: { code: "forbidden", values: [] },
  role_too_low: { code: "forbidden", values: ["action","lowest_role"] },
  permission_withheld: { code: "forbidden", values: ["action"] },
  only_the_host: { code: "forbidden", values: [] },
  no_such_member: { code: "not_found", values: [] },
  no_such_entry: { code: "not_found", values: [] },
  no_such_track: { code: "not_found", values: [] },
  not_the_same_queue: { code: "invalid", values: [] },
  about_to_start: { code: "conflict", values: [] },
  nothing_on: { code: "conflict", values: [] },
  entry_over: { code: "conflict", values: [] },
  beyond_the_end: { code: "invalid", values: [] },
  not_oneself: { code: "invalid", values: [] },
  host_stays: { code: "conflict", values: [] },
  hand_over_instead: { code: "invalid", values: [] },
  queue_full: { code: "limit_reached", values: [] },
  room_queue_full: { code: "limit_reached", values: [] },
  room_full: { code: "limit_reached", values: [] },
  banned: { code: "forbidden", values: [] },
  in_lobby: { code: "forbidden", values: [] },
  room_locked: { code: "forbidden", values: [] },
  account_needed: { code: "forbidden", values: [] },
  not_admitted: { code: "forbidden", values: [] },
  lobby_full: { code: "limit_reached", values: [] },
  not_in_lobby: { code: "not_found", values: [] },
  too_many_banned: { code: "limit_reached", values: [] },
  not_banned: { code: "not_found", values: [] },
  banned_meanwhile: { code: "conflict", values: [] },
  no_such_suggestion: { code: "not_found", values: [] },
  too_many_suggestions: { code: "limit_reached", values: [] },
  too_many_devices: { code: "limit_reached", values: ["max"] },
  too_many_entries: { code: "limit_reached", values: ["max"] },
  too_many_minutes: { code: "limit_reached", values: ["max"] },
  duplicate_track: { code: "duplicate_track", values: [] },
  track_cooldown: { code: "cooldown", values: ["left_ms"] },
  artist_cooldown: { code: "cooldown", values: ["left_ms"] },
  track_too_long: { code: "limit_reached", values: ["max_ms"] },
  explicit_track: { code: "forbidden", values: [] },
  bad_setting: { code: "invalid", values: ["setting"] },
  fixed_action: { code: "invalid", values: [] },
  bad_vote: { code: "invalid", values: [] },
  own_track: { code: "invalid", values: [] },
  too_many_votes: { code: "limit_reached", values: [] },
  skip_votes_off: { code: "forbidden", values: [] },
  not_in_waitlist: { code: "conflict", values: [] },
  nothing_to_undo: { code: "not_found", values: [] },
  host_is_here: { code: "conflict", values: [] },
  claim_too_early: { code: "conflict", values: ["left_ms"] },
  claiming_off: { code: "forbidden", values: [] },
  muted: { code: "forbidden", values: [] },
  bad_text: { code: "invalid", values: ["max"] },
  unknown_command: { code: "invalid", values: [] },
  too_many_commands: { code: "rate_limited", values: [] },
  too_many_tracks: { code: "too_large", values: ["max"] },
  not_stored: { code: "unavailable", values: [] },
  provider_not_linked: { code: "forbidden", values: ["provider"] },
  track_unplayable: { code: "invalid", values: ["provider"] },
  provider_busy: { code: "rate_limited", values: ["provider"] },
  provider_unavailable: { code: "unavailable", values: ["provider"] },
  provider_login_needed: { code: "needs_login", values: ["provider"] },
  subscription_needed: { code: "premium_required", values: ["provider"] },
  provider_account_not_allowed: { code: "forbidden", values: ["provider"] },
  no_linked_account: { code: "not_found", values: ["provider"] },
  provider_device_not_found: { code: "not_found", values: ["provider"] },
  provider_account_in_use: { code: "conflict", values: ["provider"] },
  bad_search: { code: "invalid", values: ["provider"] },
  no_such_room: { code: "not_found", values: [] },
  bad_room_name: { code: "invalid", values: ["max"] },
  bad_passcode: { code: "invalid", values: ["max"] },
  bad_username: { code: "invalid", values: ["min","max"] },
  bad_password: { code: "invalid", values: ["min","max"] },
  bad_display_name: { code: "invalid", values: ["max"] },
  wrong_credentials: { code: "forbidden", values: [] },
  wrong_password: { code: "forbidden", values: [] },
  login_needed: { code: "forbidden", values: [] },
  username_taken: { code: "conflict", values: [] },
  already_logged_in: { code: "conflict", values: [] },
  linked_elsewhere: { code: "conflict", values: [] },
} as const satisfies Record<Reason, { code: ErrorCode; values: readonly string[] }>;

export const SUBPROTOCOL = "tutti.v1";
