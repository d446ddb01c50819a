// Written by `generate` from the Rust types in protocol/src. Do not edit.

/**
 * A person: a guest or an account. The same id is their id as a member of a room, so that queue, votes and airtime
 * belong to the durable identity and not to a socket.
 */
export type UserId = string;

/**
 * One login of one user in one browser.
 */
export type SessionId = string;

/**
 * A password, a passcode or a token inside a frame or a body. `Debug` hides it, so that logging a whole request is
 * safe.
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
 * A screen that was paired with a room. It is no user.
 */
export type ScreenId = string;

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
 * How segments are encoded.
 */
export type Quality = "lossless" | "small";

/**
 * A position in a room's history. `offset` counts events from 1; `epoch` changes whenever the server cannot prove that
 * the offsets before and after belong to one history.
 */
export type Position = { 
/**
 * The history.
 */
epoch: number, 
/**
 * The last event included.
 */
offset: number, };

/**
 * What a member may do, from least to most.
 */
export type Role = "listener" | "player" | "cohost" | "host";

/**
 * The kind of a user.
 */
export type UserKind = "guest" | "user";

/**
 * An action that needs a permission.
 */
export type Action = "queue" | "suggest" | "vote" | "vote_skip" | "chat" | "see_passcode" | "curate_queue" | "control_playback" | "set_output" | "skip" | "approve" | "admit" | "lock" | "manage_screens" | "mute" | "see_audit" | "set_role" | "kick" | "ban" | "set_settings" | "set_permissions" | "claim_host" | "transfer_host" | "close_room";

/**
 * A member of a room, connected or not.
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
 * True when they have had no connection for the grace period: their queue is out of the order of play.
 */
away: boolean, 
/**
 * URL of a small picture, absolute or relative to the server's root, at most 512 bytes; absent: none.
 */
picture?: string | null, 
/**
 * True when they may not chat or react.
 */
muted?: boolean, 
/**
 * True when their queue is paused: out of the order of play until it is resumed.
 */
paused?: boolean, 
/**
 * Exceptions from the table of permissions.
 */
exceptions?: { [key in Action]?: boolean }, 
/**
 * True when the name looked like that of the host or a co-host when it was chosen.
 */
look_alike?: boolean, };

/**
 * A track's metadata.
 */
export type Track = { 
/**
 * The provider.
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
 * Length: exact once the track is measured.
 */
duration_ms: number, 
/**
 * Cover art, absolute or relative to the server's root; `None` when there is none.
 */
art_url: string | null, 
/**
 * Whether its provider marks it as explicit.
 */
explicit?: boolean, 
/**
 * Gain for a common loudness, applied in rooms with `level_loudness`; absent: unknown, which plays as 0 dB.
 */
gain_db?: Gain | null, 
/**
 * True when nothing on this server decodes it: it is listed and cannot be queued.
 */
unplayable?: boolean, };

/**
 * The place of an upcoming entry in the order of play.
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
 * The turn of its owner that this is: 1 is their next entry.
 */
turn: number, 
/**
 * Owners of the entries ahead of it since its owner's previous turn, nearest first, each once; at most four.
 */
behind: Array<UserId>, 
/**
 * Airtime that its owner has had in this room.
 */
airtime_ms: number, 
/**
 * The member who put it ahead of the policy's order; its reason is `next` or `locked`.
 */
promoted_by?: UserId | null, };

/**
 * Why an entry has its place.
 */
export type PlaceReason = "locked" | "next" | "less_airtime" | "waited_longer" | "own_queue" | "fewer_turns" | "added_earlier" | "voted" | "hosts_order";

/**
 * A queued track.
 */
export type Entry = { 
/**
 * Its id.
 */
id: EntryId, 
/**
 * The owner; the nil id for an entry of the fallback playlist.
 */
member: UserId, 
/**
 * Members who are credited for it besides the owner.
 */
credits?: Array<UserId>, 
/**
 * True for an entry of the fallback playlist, which no member is charged for.
 */
fallback?: boolean, 
/**
 * The track.
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
 * Its place in the order of play; absent for the current entry and outside the order.
 */
place?: Place | null, };

/**
 * The state of playback.
 */
export type PlaybackState = "playing" | "paused" | "idle";

/**
 * A gain in steps of 0.01 dB, within ±327 dB. Applied to a track's samples, it brings the track to −14 LUFS, as far as its
 * true peak stays below −1 dBTP.
 */
export type Gain = number;

/**
 * The timeline. While `playing`, the position at an instant is `anchor_position_ms + (instant - anchor_at_ms)`; it is
 * negative before a start in the future.
 */
export type Playback = { 
/**
 * The state of playback.
 */
state: PlaybackState, 
/**
 * The current entry; `None` exactly when idle.
 */
entry: EntryId | null, 
/**
 * Position in the track at the anchor.
 */
anchor_position_ms: number, 
/**
 * The instant of the anchor, on the server's clock.
 */
anchor_at_ms: number, 
/**
 * True while the entry waits for a listening device, in rooms with `wait_for_listener`. The state is `paused` then,
 * and the server starts the entry by itself.
 */
waiting_for_listener?: boolean, };

/**
 * How `Output::devices` is read.
 */
export type OutputMode = "everyone" | "speakers";

/**
 * The choice of devices that play.
 */
export type Output = { 
/**
 * The meaning of `devices`.
 */
mode: OutputMode, 
/**
 * The excluded devices (`everyone`), or the only ones that play (`speakers`); at most 64.
 */
devices: Array<DeviceId>, 
/**
 * How loud devices play beside their own volume, in per cent; at most 64. The others play at 100.
 */
volumes?: { [key in DeviceId]: number }, };

/**
 * Why an entry ended.
 */
export type EndReason = "finished" | "skipped" | "voted_out" | "unplayable" | "gone";

/**
 * Why no device can play a track.
 */
export type TrackFault = "unplayable" | "gone";

/**
 * A past entry.
 */
export type Played = { 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The owner; absent for the fallback playlist and for erased users.
 */
member?: UserId | null, 
/**
 * The track.
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
 * The member who ended it, if any.
 */
by?: UserId | null, };

/**
 * A note of the audit log.
 */
export type Note = { 
/**
 * Its number, which `undo` takes.
 */
id: number, 
/**
 * Server time.
 */
at_ms: number, 
/**
 * The member who did it.
 */
by: UserId, 
/**
 * The name of the command; `set_passcode`, `remove_passcode` or `add_screen` for what is no command.
 */
deed: string, 
/**
 * The member it was done to, if any.
 */
member?: UserId | null, 
/**
 * The title of the track, the new name of the room, or the name of the screen, if any.
 */
title?: string | null, 
/**
 * The names of the changed settings.
 */
settings?: Array<string>, 
/**
 * The deadline for undoing it; absent when it cannot be undone.
 */
undo_until_ms?: number | null, 
/**
 * The member who undid it.
 */
undone_by?: UserId | null, };

/**
 * A reference to a track.
 */
export type TrackRef = { 
/**
 * The provider.
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
 * What happens to a track that is queued or playing already.
 */
export type Duplicates = "allow" | "refuse" | "credit";

/**
 * Whether explicit tracks can be queued.
 */
export type Explicit = "allow" | "refuse";

/**
 * Who can enter. Existing members always can.
 */
export type Admission = "open" | "lobby" | "accounts" | "locked";

/**
 * A track that cannot be queued, with what a list of them shows.
 */
export type BlockedTrack = { 
/**
 * The provider.
 */
provider: ProviderId, 
/**
 * The provider's id.
 */
id: string, 
/**
 * Its title, and its artists in one line.
 */
label: string, };

/**
 * The settings of a room. A limit of 0 means none.
 */
export type Settings = { 
/**
 * How the members' queues merge.
 */
policy: Policy, 
/**
 * Airtime of members in per cent of the usual share: 200 is twice as much. The default is 100.
 */
weights: { [key in UserId]: number }, 
/**
 * The minimum charge for a start, so that skipping at once does not give a free turn.
 */
minimum_charge_ms: number, 
/**
 * The maximum charge for a start, so that one long track does not silence its owner for an hour.
 */
debt_max_ms: number, 
/**
 * Entries that a member may have queued.
 */
entries_per_member_max: number, 
/**
 * Minutes of music that a member may have queued.
 */
minutes_per_member_max: number, 
/**
 * What happens to a track that is queued or playing already.
 */
duplicates: Duplicates, 
/**
 * How long after its start a track cannot be queued again.
 */
track_cooldown_ms: number, 
/**
 * How long after a start no track by one of its artists can be queued.
 */
artist_cooldown_ms: number, 
/**
 * The longest track that can be queued.
 */
track_ms_max: number, 
/**
 * Whether explicit tracks can be queued.
 */
explicit: Explicit, 
/**
 * Who can enter.
 */
admission: Admission, 
/**
 * Whether tracks of members who may not `approve` wait for approval.
 */
suggestions: boolean, 
/**
 * How many members' queues play at a time; the others are in the waitlist.
 */
players_max: number, 
/**
 * After how many starts a member moves to the end of the waitlist.
 */
step_down_after: number, 
/**
 * The share of present members with `vote_skip` whose votes skip the current entry, in per cent.
 */
vote_skip_share: number, 
/**
 * Votes that a skip takes at least, so that in a small room one person cannot skip a track alone.
 */
vote_skip_min: number, 
/**
 * How long the host must be gone before a co-host may claim the room.
 */
host_claim_after_ms: number, 
/**
 * The lowest role for each action.
 */
permissions: { [key in Action]?: Role }, 
/**
 * Whether devices apply each track's `gain_db`.
 */
level_loudness: boolean, 
/**
 * Whether playback waits while no device listens; see `Playback::waiting_for_listener`.
 */
wait_for_listener: boolean, 
/**
 * The playlist that loops while no member has anything queued.
 */
fallback: Array<TrackRef>, 
/**
 * Tracks that cannot be queued.
 */
blocked_tracks: Array<BlockedTrack>, 
/**
 * Artists of whom no track can be queued. Names are compared without case and diacritics, as search does.
 */
blocked_artists: Array<string>, };

/**
 * New values for some settings. In `weights` and `permissions` only the given keys change.
 */
export type SettingsChange = { 
/**
 * How the members' queues merge.
 */
policy?: Policy | null, 
/**
 * Airtime of members in per cent of the usual share: 200 is twice as much. The default is 100.
 */
weights?: { [key in UserId]: number } | null, 
/**
 * The minimum charge for a start, so that skipping at once does not give a free turn.
 */
minimum_charge_ms?: number | null, 
/**
 * The maximum charge for a start, so that one long track does not silence its owner for an hour.
 */
debt_max_ms?: number | null, 
/**
 * Entries that a member may have queued.
 */
entries_per_member_max?: number | null, 
/**
 * Minutes of music that a member may have queued.
 */
minutes_per_member_max?: number | null, 
/**
 * What happens to a track that is queued or playing already.
 */
duplicates?: Duplicates | null, 
/**
 * How long after its start a track cannot be queued again.
 */
track_cooldown_ms?: number | null, 
/**
 * How long after a start no track by one of its artists can be queued.
 */
artist_cooldown_ms?: number | null, 
/**
 * The longest track that can be queued.
 */
track_ms_max?: number | null, 
/**
 * Whether explicit tracks can be queued.
 */
explicit?: Explicit | null, 
/**
 * Who can enter.
 */
admission?: Admission | null, 
/**
 * Whether tracks of members who may not `approve` wait for approval.
 */
suggestions?: boolean | null, 
/**
 * How many members' queues play at a time; the others are in the waitlist.
 */
players_max?: number | null, 
/**
 * After how many starts a member moves to the end of the waitlist.
 */
step_down_after?: number | null, 
/**
 * The share of present members with `vote_skip` whose votes skip the current entry, in per cent.
 */
vote_skip_share?: number | null, 
/**
 * Votes that a skip takes at least, so that in a small room one person cannot skip a track alone.
 */
vote_skip_min?: number | null, 
/**
 * How long the host must be gone before a co-host may claim the room.
 */
host_claim_after_ms?: number | null, 
/**
 * The lowest role for each action.
 */
permissions?: { [key in Action]?: Role } | null, 
/**
 * Whether devices apply each track's `gain_db`.
 */
level_loudness?: boolean | null, 
/**
 * Whether playback waits while no device listens; see `Playback::waiting_for_listener`.
 */
wait_for_listener?: boolean | null, 
/**
 * The playlist that loops while no member has anything queued.
 */
fallback?: Array<TrackRef> | null, 
/**
 * Tracks that cannot be queued.
 */
blocked_tracks?: Array<BlockedTrack> | null, 
/**
 * Artists of whom no track can be queued. Names are compared without case and diacritics, as search does.
 */
blocked_artists?: Array<string> | null, };

/**
 * A screen that shows the room: a device of no member.
 */
export type PairedScreen = { 
/**
 * Its id.
 */
id: ScreenId, 
/**
 * Its number in the room, from 1: the lowest that is free.
 */
number: number, 
/**
 * What it calls itself, such as "Chromium on Linux".
 */
name: string, 
/**
 * When it was paired.
 */
added_at_ms: number, };

/**
 * The whole visible state of a room.
 */
export type Room = { 
/**
 * The code that people enter.
 */
code: RoomCode, 
/**
 * Its name.
 */
name: string, 
/**
 * True when `admission` is `locked`.
 */
locked: boolean, 
/**
 * The settings.
 */
settings: Settings, 
/**
 * The members, in the order in which they joined.
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
 * The current entry.
 */
now_playing: Entry | null, 
/**
 * The order of play, at most the first 100 places.
 */
upcoming: Array<Entry>, 
/**
 * The length of the whole order.
 */
upcoming_total: number, 
/**
 * Suggestions, oldest first.
 */
suggestions?: Array<Entry>, 
/**
 * People in the lobby, longest wait first. They are not members.
 */
lobby?: Array<Member>, 
/**
 * Banned identities.
 */
banned?: Array<Member>, 
/**
 * The fallback playlist.
 */
fallback?: Array<Track>, 
/**
 * Members who have voted to skip the current entry.
 */
skip_votes?: Array<UserId>, 
/**
 * With `players_max` set: the members whose queues play, then those waiting for a place. Empty otherwise.
 */
line?: Array<UserId>, 
/**
 * The former host, from whom the room was claimed and who can claim it back.
 */
owner?: UserId | null, 
/**
 * Paired screens, oldest first. They are no members.
 */
screens?: Array<PairedScreen>, };

/**
 * An event, with all that is needed to apply it.
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
 * The member.
 */
member: Member, } | { "name": "member_left", 
/**
 * The member.
 */
member: UserId, } | { "name": "member_kicked", 
/**
 * The member.
 */
member: UserId, 
/**
 * The member who did it.
 */
by: UserId, 
/**
 * The number of the note by which it can be undone.
 */
note?: number | null, } | { "name": "member_away", 
/**
 * The member.
 */
member: UserId, } | { "name": "member_returned", 
/**
 * The member.
 */
member: UserId, } | { "name": "member_renamed", 
/**
 * The member.
 */
member: UserId, 
/**
 * The new name.
 */
member_name: string, 
/**
 * True when it looks like the name of the host or a co-host.
 */
look_alike?: boolean, } | { "name": "member_changed", 
/**
 * The member.
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
 * Their picture, if any.
 */
picture?: string | null, 
/**
 * True when the name looks like that of the host or a co-host.
 */
look_alike?: boolean, } | { "name": "member_merged", 
/**
 * The guest, who is no longer a member.
 */
from: UserId, 
/**
 * The account, now a member.
 */
to: Member, } | { "name": "member_forgotten", 
/**
 * The member.
 */
member: UserId, } | { "name": "role_changed", 
/**
 * The member.
 */
member: UserId, 
/**
 * The new role.
 */
role: Role, 
/**
 * The member who did it.
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
 * The owner's entry that it was inserted before; absent: at the end.
 */
before?: EntryId | null, } | { "name": "entry_removed", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The member who did it; the nil id when the server removed it.
 */
by: UserId, 
/**
 * The number of the note by which it can be put back; absent when the owner or the server removed it.
 */
note?: number | null, 
/**
 * The entry as it was; absent when the owner removed it.
 */
removed?: Entry | null, 
/**
 * Why the server removed it.
 */
fault?: TrackFault | null, } | { "name": "track_measured", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * Its exact length, which replaces the known one. The current entry ends by it.
 */
duration_ms: number, 
/**
 * Its gain; absent: unknown.
 */
gain_db?: Gain | null, 
/**
 * The address of its cover; absent: as before.
 */
art_url?: string | null, } | { "name": "entry_moved", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The entry that it was moved before; absent: to the end.
 */
before?: EntryId | null, } | { "name": "entry_promoted", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "next_locked", 
/**
 * The entry.
 */
entry: EntryId, } | { "name": "entry_started", 
/**
 * The entry.
 */
entry: Entry, 
/**
 * The new timeline.
 */
playback: Playback, } | { "name": "entry_ended", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The reason.
 */
reason: EndReason, 
/**
 * How much of it was played, which its owner is charged for.
 */
played_ms: number, 
/**
 * The member who ended it, if any.
 */
by?: UserId | null, 
/**
 * The number of the note by which the skip can be undone; absent when the owner skipped it.
 */
note?: number | null, } | { "name": "playback_changed", 
/**
 * The new timeline.
 */
playback: Playback, 
/**
 * The member who did it, if any.
 */
by?: UserId | null, } | { "name": "output_changed", 
/**
 * The new choice.
 */
output: Output, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "room_closed", 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "room_renamed", 
/**
 * The new name.
 */
room_name: string, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "passcode_changed", 
/**
 * Whether newcomers need one now.
 */
has_passcode: boolean, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "screen_added", 
/**
 * The screen.
 */
screen: PairedScreen, 
/**
 * The member who approved it.
 */
by: UserId, } | { "name": "screen_removed", 
/**
 * The screen.
 */
screen: ScreenId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "settings_changed", 
/**
 * The settings to change.
 */
settings: SettingsChange, 
/**
 * The tracks of the new fallback playlist, when it changed.
 */
fallback?: Array<Track> | null, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "permission_changed", 
/**
 * The member.
 */
member: UserId, 
/**
 * The action.
 */
action: Action, 
/**
 * Whether they may; absent: as the table says.
 */
allowed?: boolean | null, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "entry_voted", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The member.
 */
member: UserId, 
/**
 * 1, -1, or 0 when the vote was retracted.
 */
value: number, 
/**
 * The new sum of votes for the entry.
 */
votes: number, } | { "name": "entry_credited", 
/**
 * The queued entry.
 */
entry: EntryId, 
/**
 * The member.
 */
member: UserId, } | { "name": "skip_voted", 
/**
 * The entry that is on.
 */
entry: EntryId, 
/**
 * The member.
 */
member: UserId, 
/**
 * Votes so far.
 */
votes: number, 
/**
 * Votes that a skip takes.
 */
needed: number, } | { "name": "queue_cleared", 
/**
 * The owner; absent: all members.
 */
member?: UserId | null, 
/**
 * The member who did it.
 */
by: UserId, 
/**
 * The number of the note by which they can be put back.
 */
note?: number | null, } | { "name": "queue_paused", 
/**
 * The member.
 */
member: UserId, 
/**
 * Whether it is paused.
 */
paused: boolean, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "stepped_down", 
/**
 * The member.
 */
member: UserId, } | { "name": "entry_suggested", 
/**
 * The suggested entry.
 */
entry: Entry, } | { "name": "suggestion_approved", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "suggestion_rejected", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "member_muted", 
/**
 * The member.
 */
member: UserId, 
/**
 * Whether they are muted.
 */
muted: boolean, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "member_banned", 
/**
 * The member.
 */
member: UserId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "ban_lifted", 
/**
 * The member.
 */
member: UserId, 
/**
 * The member who did it.
 */
by: UserId, } | { "name": "lobby_entered", 
/**
 * The person, not yet a member.
 */
person: Member, } | { "name": "lobby_left", 
/**
 * The person in the lobby.
 */
person: UserId, 
/**
 * Whether they were admitted.
 */
admitted: boolean, 
/**
 * The member who decided; absent when the person left.
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
 * The note.
 */
note: Note, } | { "name": "undone", 
/**
 * The number of its note.
 */
note: number, 
/**
 * The member who did it.
 */
by: UserId, 
/**
 * The member who is back, after a kick.
 */
member?: Member | null, 
/**
 * Whose entries are back, when entries were removed; at most the first 100 members.
 */
owners?: Array<UserId>, 
/**
 * The new id of a skipped entry.
 */
entry?: EntryId | null, };

/**
 * Why a command or a request was refused.
 */
export type ErrorCode = "forbidden" | "not_found" | "invalid" | "conflict" | "limit_reached" | "duplicate_track" | "cooldown" | "unavailable" | "rate_limited" | "premium_required" | "needs_login" | "too_large" | "internal";

/**
 * The exact reason of a refusal.
 */
export type Reason = "room_closed" | "not_a_member" | "role_too_low" | "permission_withheld" | "only_the_host" | "no_such_member" | "no_such_entry" | "no_such_track" | "not_the_same_queue" | "about_to_start" | "nothing_on" | "entry_over" | "beyond_the_end" | "not_oneself" | "host_stays" | "hand_over_instead" | "queue_full" | "room_queue_full" | "room_full" | "banned" | "in_lobby" | "room_locked" | "account_needed" | "not_admitted" | "lobby_full" | "not_in_lobby" | "too_many_banned" | "not_banned" | "banned_meanwhile" | "no_such_suggestion" | "too_many_suggestions" | "too_many_devices" | "too_many_entries" | "too_many_minutes" | "duplicate_track" | "track_cooldown" | "artist_cooldown" | "track_too_long" | "explicit_track" | "track_blocked" | "artist_blocked" | "bad_setting" | "fixed_action" | "bad_vote" | "own_track" | "too_many_votes" | "skip_votes_off" | "not_in_waitlist" | "nothing_to_undo" | "host_is_here" | "claim_too_early" | "claiming_off" | "no_such_screen" | "too_many_screens" | "screen_only_shows" | "muted" | "bad_text" | "unknown_command" | "too_many_commands" | "too_many_tracks" | "not_stored" | "provider_not_linked" | "track_unplayable" | "track_plays" | "track_gone" | "segment_past_end" | "provider_busy" | "provider_unavailable" | "provider_login_needed" | "subscription_needed" | "provider_account_not_allowed" | "no_linked_account" | "provider_device_not_found" | "provider_account_in_use" | "bad_search" | "foreign_page" | "no_such_room" | "bad_room_name" | "bad_passcode" | "bad_username" | "bad_password" | "weak_password" | "track_not_in_room" | "bad_display_name" | "wrong_credentials" | "wrong_password" | "login_needed" | "username_taken" | "already_logged_in" | "linked_elsewhere" | "banned_from_server" | "guests_off" | "registration_closed" | "invitation_needed" | "invitation_void" | "rooms_for_accounts" | "rooms_for_operators" | "not_an_operator" | "operator_protected" | "no_such_person" | "no_password" | "link_void" | "no_such_device_code" | "device_code_used" | "device_code_expired";

/**
 * A value of a reason.
 */
export type ReasonValue = number | string;

/**
 * A member's command, tagged by `name`.
 */
export type Command = { "name": "enqueue", 
/**
 * The track.
 */
track: TrackRef, 
/**
 * The sender's entry to insert it before; absent: at the end.
 */
before?: EntryId | null, } | { "name": "enqueue_all", 
/**
 * The tracks, in order, at most 100.
 */
tracks: Array<TrackRef>, } | { "name": "dequeue", 
/**
 * The entry.
 */
entry: EntryId, } | { "name": "move", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * The entry to move it before, of the same owner (policy `host`: of any); absent: to the end.
 */
before?: EntryId | null, } | { "name": "play_next", 
/**
 * The entry.
 */
entry: EntryId, } | { "name": "clear", 
/**
 * The owner; absent: all members.
 */
member?: UserId | null, } | { "name": "pause_queue" } | { "name": "resume_queue", 
/**
 * Another member, which needs `curate_queue`; absent: the sender.
 */
member?: UserId | null, } | { "name": "step_down" } | { "name": "vote", 
/**
 * The entry.
 */
entry: EntryId, 
/**
 * 1 for the entry, -1 against it, 0 to retract.
 */
value: number, } | { "name": "approve", 
/**
 * The entry.
 */
entry: EntryId, } | { "name": "reject", 
/**
 * The entry.
 */
entry: EntryId, } | { "name": "play" } | { "name": "pause" } | { "name": "seek", 
/**
 * The new position.
 */
position_ms: number, } | { "name": "set_output", 
/**
 * Whether `devices` are excluded or the only ones to play.
 */
mode: OutputMode, 
/**
 * The devices, at most 64.
 */
devices: Array<DeviceId>, } | { "name": "set_volume", 
/**
 * The device.
 */
device: DeviceId, 
/**
 * 0 to 100 per cent.
 */
percent: number, } | { "name": "skip", 
/**
 * The entry to skip; refused when another one is on. Absent: the current entry.
 */
entry?: EntryId | null, 
/**
 * True when it could not be played: its owner is not charged. The server verifies the report of a device that
 * plays, and skips the entry if it cannot be played. Otherwise it needs `skip`.
 */
unplayable?: boolean | null, } | { "name": "vote_skip", 
/**
 * The entry to skip. Absent: the current entry.
 */
entry?: EntryId | null, } | { "name": "set_role", 
/**
 * The member.
 */
member: UserId, 
/**
 * The new role.
 */
role: Role, } | { "name": "kick", 
/**
 * The member.
 */
member: UserId, } | { "name": "ban", 
/**
 * The member.
 */
member: UserId, } | { "name": "unban", 
/**
 * The member.
 */
member: UserId, } | { "name": "mute", 
/**
 * The member.
 */
member: UserId, 
/**
 * Whether they are muted.
 */
muted: boolean, } | { "name": "admit", 
/**
 * The member.
 */
member: UserId, } | { "name": "deny", 
/**
 * The member.
 */
member: UserId, } | { "name": "lock" } | { "name": "unlock" } | { "name": "set_policy", 
/**
 * The policy.
 */
policy: Policy, } | { "name": "set_settings", 
/**
 * The settings to change.
 */
settings: SettingsChange, } | { "name": "block", 
/**
 * The track.
 */
track?: BlockedTrack | null, 
/**
 * The artist.
 */
artist?: string | null, } | { "name": "unblock", 
/**
 * The track.
 */
track?: TrackRef | null, 
/**
 * The artist.
 */
artist?: string | null, } | { "name": "rename_room", 
/**
 * 1 to 60 characters.
 */
room_name: string, } | { "name": "remove_screen", 
/**
 * The screen.
 */
screen: ScreenId, } | { "name": "set_permission", 
/**
 * The member.
 */
member: UserId, 
/**
 * The action.
 */
action: Action, 
/**
 * Whether they may; absent: as the table says.
 */
allowed?: boolean | null, } | { "name": "preview_policy", 
/**
 * The policy.
 */
policy: Policy, } | { "name": "show_history" } | { "name": "show_audit" } | { "name": "undo", 
/**
 * The number of its note; absent: the sender's latest.
 */
note?: number | null, } | { "name": "claim_host" } | { "name": "transfer_host", 
/**
 * The member.
 */
member: UserId, } | { "name": "close_room" } | { "name": "rename", 
/**
 * The new one.
 */
display_name: string, } | { "name": "say", 
/**
 * At most 500 characters on one line.
 */
text: string, } | { "name": "react", 
/**
 * The emoji.
 */
emoji: string, } | { "name": "leave" };

/**
 * The purpose of a device.
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
 * Its purpose.
 */
kind: DeviceKind, 
/**
 * Which providers it can play.
 */
providers: Array<ProviderId>, };

/**
 * How a device measured its offset from the room's timeline.
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
 * Position in the track.
 */
position_ms: number, 
/**
 * When `position_ms` was measured, on the server's clock.
 */
at_ms: number, 
/**
 * Estimated offset from the room's timeline; positive is late.
 */
error_ms: number, 
/**
 * Standard deviation of `error_ms`.
 */
deviation_ms?: number | null, 
/**
 * How `error_ms` was measured; absent while it has not been.
 */
measured?: Measured | null, 
/**
 * Whether it plays.
 */
state: PlaybackState, 
/**
 * Entries that it has decoded and can start at once, at most 4. For the server only: `presence` omits it.
 */
ready?: Array<EntryId>, };

/**
 * The state of a device.
 */
export type DeviceStatus = { 
/**
 * Its playback; `None` when it does not play.
 */
playback: DevicePlayback | null, 
/**
 * True when the page is hidden and plays nothing: the device does not make its member present.
 */
idle?: boolean, };

/**
 * Authenticates the connection and names its room and device.
 */
export type Hello = { 
/**
 * Access JWT, or the token of a screen.
 */
token: Secret, 
/**
 * The room's code, as typed.
 */
room: string, 
/**
 * The room's passcode, if it has one. Existing members need none.
 */
passcode?: Secret | null, 
/**
 * The client's device.
 */
device: Device, 
/**
 * The last position that this device has applied, to resume from.
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
 * The client's clock, returned unchanged.
 */
t0: number, } | { "type": "status" } & DeviceStatus | { "type": "refresh", 
/**
 * The new access token.
 */
token: Secret, };

/**
 * The answer to a query.
 */
export type Answer = { "upcoming": Array<Entry> } | { "history": Array<Played> } | { "audit": Array<Note> };

/**
 * The name of a command about the current entry.
 */
export type EntryCommand = "play" | "pause" | "seek" | "skip" | "vote_skip";

/**
 * What only one member is sent: their queue, their votes, and which commands about the current entry they may use.
 */
export type Own = { 
/**
 * The last event included.
 */
offset: number, 
/**
 * Their queue, at most the first 200 entries.
 */
queue: Array<Entry>, 
/**
 * Their votes for queued entries, at most 200.
 */
votes: { [key in EntryId]: number }, 
/**
 * True while `upcoming` does not show the whole queue: it takes no part in the order, or the order is longer than
 * what is shown. Then `own` is sent again whenever `queue` changes. Otherwise the queue is the member's entries in
 * `upcoming`, and `queue` is only right at `offset`.
 */
queue_hidden?: boolean, 
/**
 * How many entries of their queue follow those in `queue`.
 */
queue_more?: number, 
/**
 * The commands about the current entry that the room accepts from this member; empty when there is none. `own` is
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
 * An English sentence.
 */
message: string, 
/**
 * Whether the same command may succeed later.
 */
retry: boolean, 
/**
 * The exact reason.
 */
reason?: Reason | null, 
/**
 * Values for a sentence about it.
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
 * Its purpose.
 */
kind: DeviceKind, 
/**
 * Its reported playback.
 */
playback?: DevicePlayback | null, };

/**
 * A member's connected devices; none when not connected.
 */
export type MemberPresence = { 
/**
 * The member.
 */
member: UserId, 
/**
 * Their devices.
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
 * This connection.
 */
connection: ConnectionId, 
/**
 * The authenticated user.
 */
member: UserId, 
/**
 * Their role.
 */
role: Role, 
/**
 * The server's clock.
 */
server_time_ms: number, 
/**
 * Interval of `heartbeat`.
 */
heartbeat_ms: number, 
/**
 * When the access token expires.
 */
expires_at_ms: number, 
/**
 * True when the missed deltas follow; false when a snapshot does.
 */
resumed: boolean, 
/**
 * What only this member is sent.
 */
own?: Own | null, 
/**
 * This screen, instead of a user: `member` is the nil id then, and `role` is `listener`.
 */
screen?: ScreenId | null, } | { "type": "snapshot", 
/**
 * The last event included.
 */
position: Position, 
/**
 * The room.
 */
room: Room, } | { "type": "delta", 
/**
 * The position of the last event.
 */
position: Position, 
/**
 * Contiguous: the first has offset `position.offset - events.len() + 1`.
 */
events: Array<Event>, 
/**
 * The order of play, when it changed.
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
 * The command's id.
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
 * The entry that it created or credited, if any.
 */
entry?: EntryId | null, 
/**
 * The answer to a query.
 */
answer?: Answer | null, 
/**
 * The reason, when refused.
 */
error?: ReplyError | null, } | { "type": "presence", 
/**
 * True when `members` are all connected members; false when they are those that changed.
 */
full: boolean, 
/**
 * The members.
 */
members: Array<MemberPresence>, 
/**
 * How many votes skip the entry that is on, in a full presence and when it changed; 0: votes skip nothing.
 */
skip_votes_needed?: number | null, 
/**
 * The connected screens, when they changed; absent in a full presence: none is.
 */
screens?: Array<ScreenId> | null, } | { "type": "own" } & Own | { "type": "said", 
/**
 * The member.
 */
member: UserId, 
/**
 * The text.
 */
text: string, 
/**
 * Server time.
 */
at_ms: number, } | { "type": "reacted", 
/**
 * The member.
 */
member: UserId, 
/**
 * The emoji.
 */
emoji: string, 
/**
 * Server time.
 */
at_ms: number, } | { "type": "sync", 
/**
 * Unchanged.
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
 * The room's last offset: a client behind it has missed deltas.
 */
offset: number, 
/**
 * The server's clock.
 */
server_time_ms: number, } | { "type": "notice", 
/**
 * The kind of notice.
 */
code: string, 
/**
 * An English sentence.
 */
message: string, 
/**
 * Values for a sentence about it.
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
 * Case does not matter.
 */
username: string, 
/**
 * 8 to 72 bytes.
 */
password: Secret, };

/**
 * `POST auth/register`. A guest, or a user by Spotify without a password, keeps their id and gets a password.
 */
export type RegisterRequest = { 
/**
 * 3 to 32 letters, digits, `.`, `_` or `-`; unique regardless of case.
 */
username: string, 
/**
 * 8 to 72 bytes.
 */
password: Secret, 
/**
 * 1 to 40 characters.
 */
display_name: string, 
/**
 * From an invitation, where registration needs one.
 */
invitation?: Secret | null, };

/**
 * `POST auth/device`: logs in the user whose other device shows the code.
 */
export type DeviceLoginRequest = { 
/**
 * As typed.
 */
code: Secret, };

/**
 * `POST me/device-code`: a code with which one other device becomes the user's, too.
 */
export type DeviceCode = { 
/**
 * Eight characters in two groups.
 */
code: Secret, 
/**
 * Seconds until it expires.
 */
expires_in: number, };

/**
 * The status of a code for another device.
 */
export type DeviceCodeState = "waiting" | "used" | "expired";

/**
 * `GET me/device-code`: the status of the code that this session requested last.
 */
export type DeviceCodeStatus = { 
/**
 * Whether it can be used.
 */
state: DeviceCodeState, 
/**
 * The user agent of the device that used it.
 */
user_agent?: string | null, };

/**
 * A user, as shown to themselves.
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
spotify: boolean, 
/**
 * Whether they are an operator of the server.
 */
operator?: boolean, };

/**
 * The response of `auth/guest`, `auth/register`, `auth/login`, `auth/device`, `auth/password`, `auth/refresh` and
 * `me/accounts/{slot}/activate`. The refresh token is a cookie.
 */
export type AuthResponse = { 
/**
 * Access JWT for `Authorization: Bearer` and `hello`.
 */
access_token: Secret, 
/**
 * Seconds until it expires.
 */
expires_in: number, 
/**
 * The user it authenticates.
 */
user: User, 
/**
 * Their slot.
 */
slot: number, };

/**
 * A change of password.
 */
export type PasswordChange = { 
/**
 * The current password.
 */
current: Secret, 
/**
 * 8 to 72 bytes.
 */
new: Secret, };

/**
 * `PATCH me`: absent fields stay unchanged.
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
 * Whether it is the caller's.
 */
current: boolean, 
/**
 * The browser's user agent.
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
 * A user on this device.
 */
export type DeviceAccount = { 
/**
 * Their slot.
 */
slot: number, 
/**
 * The user.
 */
user: User, };

/**
 * `GET me/accounts`: the users logged in on this device, known by their cookies.
 */
export type AccountList = { 
/**
 * By slot.
 */
accounts: Array<DeviceAccount>, 
/**
 * Users who can share one device.
 */
slots_max: number, };

/**
 * Whether a link can be used.
 */
export type SpotifyLinkState = "linked" | "needs_login";

/**
 * Whether a user can play Spotify on their own device.
 */
export type PremiumVerdict = "premium" | "not_premium" | "unknown";

/**
 * The evidence for a verdict.
 */
export type PremiumEvidence = "profile" | "player" | "command";

/**
 * A Spotify subscription, as far as known.
 */
export type Premium = { 
/**
 * The verdict.
 */
verdict: PremiumVerdict, 
/**
 * Its evidence, if any.
 */
evidence?: PremiumEvidence | null, 
/**
 * When the evidence was seen.
 */
at_ms?: number | null, };

/**
 * A linked Spotify account.
 */
export type SpotifyLink = { 
/**
 * Their name at Spotify.
 */
display_name: string, 
/**
 * Whether it can be used.
 */
state: SpotifyLinkState, 
/**
 * When they last authorized it.
 */
authorized_at_ms: number, 
/**
 * When the authorization expires: six months later.
 */
expires_at_ms: number, 
/**
 * Whether it expires so soon that they should log in again now.
 */
expires_soon: boolean, 
/**
 * Their subscription, as far as known.
 */
premium: Premium, };

/**
 * `GET me/spotify`, and the response of everything that changes it.
 */
export type SpotifyStatus = { 
/**
 * Absent: no Spotify account is linked.
 */
link?: SpotifyLink | null, };

/**
 * Events of the player in the browser that prove or disprove a subscription.
 */
export type SpotifyPlayerEvent = "ready" | "account_error";

/**
 * `POST me/spotify/evidence`: an event of the player in the browser.
 */
export type SpotifyEvidenceRequest = { 
/**
 * The event.
 */
event: SpotifyPlayerEvent, };

/**
 * `POST me/spotify/token`: a token for the player in this browser only.
 */
export type SpotifyToken = { 
/**
 * Spotify's access token.
 */
access_token: Secret, 
/**
 * Seconds until it expires.
 */
expires_in: number, };

/**
 * How a login with Spotify ended: `spotify=` in the query of the page it returns to, beside `slot=` after a
 * successful login.
 */
export type SpotifyOutcome = "done" | "denied" | "expired" | "taken" | "full" | "busy" | "not_listed" | "refused" | "failed";

/**
 * What a client needs to offer Spotify.
 */
export type SpotifyServer = { 
/**
 * The origin of the redirect URI, such as `https://tutti.example`: a login must start there, or its cookies
 * are not sent back.
 */
origin: string, 
/**
 * URL of the Web Playback SDK script.
 */
sdk_url: string, };

/**
 * A device of a Spotify account.
 */
export type SpotifyDevice = { 
/**
 * Its id at Spotify.
 */
id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Such as `Smartphone`.
 */
kind: string, 
/**
 * Whether it is the active device.
 */
active: boolean, 
/**
 * Whether it accepts no commands.
 */
restricted: boolean, };

/**
 * `GET me/spotify/devices`: the devices of the user's account.
 */
export type SpotifyDevices = { 
/**
 * In Spotify's order.
 */
devices: Array<SpotifyDevice>, };

/**
 * `POST me/spotify/play`: starts a track on one of the user's devices, for the player in the browser.
 */
export type SpotifyPlayRequest = { 
/**
 * The device's id at Spotify.
 */
device_id: string, 
/**
 * The track's id at Spotify.
 */
track: string, 
/**
 * The start position.
 */
position_ms: number, };

/**
 * `PUT rooms/{code}/spotify-output`: makes a Spotify device of the user play the room's Spotify tracks.
 */
export type ChooseSpotifyOutput = { 
/**
 * The device's id at Spotify.
 */
device_id: string, 
/**
 * The device of the room that it stands for, as in `hello`: the room's `output` applies to it.
 */
device?: DeviceId | null, };

/**
 * The state of a device that follows a room.
 */
export type SpotifyOutputState = "silent" | "playing" | "paused" | "unplayable" | "busy" | "unreachable" | "gone" | "taken" | "not_premium" | "needs_login" | "over";

/**
 * A device of a Spotify account that follows a room.
 */
export type SpotifyOutput = { 
/**
 * The room.
 */
room: RoomCode, 
/**
 * The device's id at Spotify.
 */
device_id: string, 
/**
 * Its name.
 */
name: string, 
/**
 * Its state.
 */
state: SpotifyOutputState, 
/**
 * When Spotify accepts requests again, while `state` is `busy`.
 */
retry_at_ms?: number | null, 
/**
 * Its last measured offset from the room's timeline; positive is late.
 */
error_ms?: number | null, };

/**
 * `GET` and `PUT rooms/{code}/spotify-output`.
 */
export type SpotifyOutputStatus = { 
/**
 * Absent when none is chosen.
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
 * 4 to 64 characters; absent: the code is enough to enter.
 */
passcode?: Secret | null, 
/**
 * The room's setting of the same name.
 */
wait_for_listener?: boolean, };

/**
 * What people outside a room see of it: `POST rooms`, `GET rooms/{code}`, each of `GET me/rooms`.
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
 * Whether newcomers need a passcode.
 */
has_passcode: boolean, 
/**
 * Whether the caller is a member.
 */
member: boolean, 
/**
 * When it was created.
 */
created_at_ms: number, };

/**
 * `GET rooms/{code}/passcode`.
 */
export type RoomPasscode = { 
/**
 * Whether newcomers need one.
 */
has_passcode: boolean, 
/**
 * The passcode; absent for members who may not `see_passcode`, and when the server knows only its hash.
 */
passcode?: Secret | null, };

/**
 * `PUT rooms/{code}/passcode`.
 */
export type SetPasscodeRequest = { 
/**
 * 4 to 64 characters.
 */
passcode: Secret, };

/**
 * `POST screens`: a screen that wants to show a room.
 */
export type NewScreenRequest = { 
/**
 * What members see of it, such as "Chromium on Linux".
 */
name: string, };

/**
 * The answer: a screen that waits for a room, and the code that it shows.
 */
export type NewScreen = { 
/**
 * Its id.
 */
id: ScreenId, 
/**
 * Proves that it is this screen, to `screens/status` and in `hello`. It reads one room and sends no commands.
 */
token: Secret, 
/**
 * Eight characters in two groups, such as `K7Q2-M9XA`.
 */
code: Secret, 
/**
 * Seconds until the code expires.
 */
expires_in: number, };

/**
 * `POST screens/status`, with the screen's token; `POST rooms/{code}/screens`, with a member's.
 */
export type ScreenCode = { 
/**
 * The code that the screen shows.
 */
code: Secret, };

/**
 * The status of a screen's code.
 */
export type ScreenCodeState = "waiting" | "approved" | "expired";

/**
 * The status of a screen's code.
 */
export type ScreenStatus = { 
/**
 * Whether a member has approved it.
 */
state: ScreenCodeState, 
/**
 * The room that the screen shows from now on, when it was approved.
 */
room?: RoomCode | null, };

/**
 * `GET me/rooms`.
 */
export type RoomList = { 
/**
 * Newest first.
 */
rooms: Array<RoomSummary>, };

/**
 * Who may create an account.
 */
export type Registration = "open" | "invited" | "closed";

/**
 * Who may open rooms.
 */
export type RoomOpeners = "everyone" | "accounts" | "operators";

/**
 * Who may enter the server, and who may open rooms there.
 */
export type Switches = { 
/**
 * Who may create an account.
 */
registration: Registration, 
/**
 * Whether newcomers may enter as guests. Guests who are there stay.
 */
guests: boolean, 
/**
 * Who may open rooms.
 */
rooms: RoomOpeners, };

/**
 * `PATCH operator/switches`: absent fields stay unchanged.
 */
export type SwitchesChange = { 
/**
 * Who may create an account.
 */
registration?: Registration | null, 
/**
 * Whether newcomers may enter as guests.
 */
guests?: boolean | null, 
/**
 * Who may open rooms.
 */
rooms?: RoomOpeners | null, };

/**
 * `GET operator/switches`, and the response of everything that changes it.
 */
export type SwitchesStatus = { 
/**
 * As they are.
 */
switches: Switches, 
/**
 * Invitations that can still be used.
 */
invitations_open: number, };

/**
 * An act in the operators' log.
 */
export type Act = "operator_added" | "operator_removed" | "operator_claimed" | "password_link_made" | "password_reset" | "person_deleted" | "person_banned" | "person_unbanned" | "room_closed" | "room_handed_over" | "library_rescanned" | "registration_set" | "guests_set" | "rooms_set" | "invitation_made" | "invitation_used" | "invitations_withdrawn";

/**
 * A secret for a link that works once: `POST operator/people/{id}/password-link`, `POST operator/invitations`. Pages
 * put it into the fragment of an address, which browsers send to no server.
 */
export type OneTimeLink = { 
/**
 * The secret.
 */
token: Secret, 
/**
 * When it expires.
 */
expires_at_ms: number, };

/**
 * `POST operator/claim`: makes the caller the first operator.
 */
export type ClaimRequest = { 
/**
 * From the link that the server showed at its start.
 */
token: Secret, };

/**
 * `POST auth/password`: chooses a new password by a link, logs in with it and ends all other sessions.
 */
export type NewPasswordRequest = { 
/**
 * From the link.
 */
token: Secret, 
/**
 * 8 to 72 bytes.
 */
password: Secret, };

/**
 * A user, as shown to operators.
 */
export type Person = { 
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
spotify: boolean, 
/**
 * Whether they are an operator.
 */
operator: boolean, 
/**
 * Since when they are banned from the server.
 */
banned_at_ms?: number | null, 
/**
 * When they first came.
 */
created_at_ms: number, 
/**
 * When one of their sessions was last used, to within ten minutes.
 */
last_seen_at_ms: number, };

/**
 * `GET operator/people`.
 */
export type PersonList = { 
/**
 * Newest first.
 */
people: Array<Person>, 
/**
 * The cursor of the next page; `None` on the last.
 */
next_cursor: string | null, };

/**
 * A user by name.
 */
export type NamedPerson = { 
/**
 * Durable identity.
 */
id: UserId, 
/**
 * Display name; empty for an erased user.
 */
name: string, };

/**
 * A room, as shown to operators.
 */
export type OperatedRoom = { 
/**
 * Its code.
 */
code: RoomCode, 
/**
 * Its name.
 */
name: string, 
/**
 * Its host.
 */
host: NamedPerson, 
/**
 * Whether newcomers need a passcode.
 */
has_passcode: boolean, 
/**
 * Its members, connected or not.
 */
members: number, 
/**
 * Its connections; none if the server that answers does not serve the room.
 */
connections: number, 
/**
 * When it was created.
 */
created_at_ms: number, 
/**
 * When something last happened in it.
 */
last_used_at_ms: number, };

/**
 * `GET operator/rooms`.
 */
export type OperatedRoomList = { 
/**
 * Open rooms, newest first.
 */
rooms: Array<OperatedRoom>, 
/**
 * The cursor of the next page; `None` on the last.
 */
next_cursor: string | null, };

/**
 * `GET operator/rooms/{code}`: whom a room can be handed over to.
 */
export type OperatedRoomMembers = { 
/**
 * The host.
 */
host: NamedPerson, 
/**
 * The other members, by name.
 */
members: Array<NamedPerson>, };

/**
 * `PUT operator/rooms/{code}/host`.
 */
export type HandOverRequest = { 
/**
 * The member who becomes the host.
 */
member: UserId, };

/**
 * The server's own music, as of the last scan.
 */
export type LibraryReport = { 
/**
 * Tracks.
 */
tracks: number, 
/**
 * Music files that cannot be read.
 */
unreadable: number, 
/**
 * Of these, the first by path.
 */
unreadable_files: Array<string>, 
/**
 * Tracks that no decoder plays.
 */
unplayable: number, 
/**
 * Tracks that are kept although their files are not there.
 */
missing: number, 
/**
 * When it was scanned; `None` before the first scan since the start.
 */
scanned_at_ms: number | null, };

/**
 * `GET operator/report`: what the server has, and what it needs.
 */
export type ServerReport = { 
/**
 * Version of the server.
 */
version: string, 
/**
 * The kind of database: `sqlite`, `mysql`.
 */
database: string, 
/**
 * Size of the database; `None` when it does not say.
 */
database_bytes: number | null, 
/**
 * Segments of tracks that are kept on disk.
 */
cache_bytes: number, 
/**
 * What they may take.
 */
cache_bytes_max: number, 
/**
 * Free space of the data directory's disk; `None` when it is not known.
 */
free_bytes: number | null, 
/**
 * Accounts.
 */
accounts: number, 
/**
 * Guests.
 */
guests: number, 
/**
 * Of all users, those who are banned.
 */
banned: number, 
/**
 * Open rooms.
 */
rooms: number, 
/**
 * Connections of devices and screens to this server.
 */
connections: number, 
/**
 * The server's own music.
 */
library: LibraryReport, };

/**
 * An act in the operators' log.
 */
export type ActRecord = { 
/**
 * When.
 */
at_ms: number, 
/**
 * What; a name that only a newer server knows is passed over.
 */
act: string, 
/**
 * Who did it; `None`: the command line.
 */
by: NamedPerson | null, 
/**
 * Whom it was done to.
 */
person: NamedPerson | null, 
/**
 * The room it was done to.
 */
room: RoomCode | null, 
/**
 * The new value of a switch.
 */
value: string | null, };

/**
 * `GET operator/log`.
 */
export type ActList = { 
/**
 * Newest first.
 */
acts: Array<ActRecord>, 
/**
 * The cursor of the next page; `None` on the last.
 */
next_cursor: string | null, };

/**
 * `GET search`.
 */
export type SearchResponse = { 
/**
 * Best match first.
 */
tracks: Array<Track>, 
/**
 * The cursor of the next page; `None` on the last.
 */
next_cursor: string | null, 
/**
 * True when the provider cannot be searched: it needs a linked account, and neither the caller nor the host
 * has one that works.
 */
closed?: boolean, };

/**
 * What a provider's tracks are grouped by.
 */
export type BrowseKind = "artist" | "album" | "genre" | "folder";

/**
 * A group of tracks.
 */
export type BrowseItem = { 
/**
 * What it is.
 */
kind: BrowseKind, 
/**
 * Opaque and stable.
 */
id: string, 
/**
 * Its name; of a folder, without the folders around it.
 */
name: string, 
/**
 * The artist of an album.
 */
artist?: string | null, 
/**
 * The year of an album.
 */
year?: number | null, 
/**
 * Tracks in it, also in folders below it.
 */
tracks: number, 
/**
 * The cover of an album, as a URL on this server.
 */
art_url?: string | null, };

/**
 * `GET browse`: one page of a list, groups before tracks.
 */
export type BrowseResponse = { 
/**
 * Groups, in order.
 */
items: Array<BrowseItem>, 
/**
 * Tracks, in order: those of an album by disc and number.
 */
tracks: Array<Track>, 
/**
 * The cursor of the next page; `None` on the last.
 */
next_cursor: string | null, };

/**
 * `GET server`: what a client needs before login.
 */
export type ServerDescription = { 
/**
 * Version of the server.
 */
version: string, 
/**
 * The base URL of QR codes and shared links, without a trailing slash. `None`: the origin of the page.
 */
public_url: string | null, 
/**
 * Base URLs at which other devices of the local network reach the server, the most likely one first. Empty when
 * only its own machine reaches it, with a public URL, and for clients from elsewhere.
 */
addresses?: Array<string>, 
/**
 * The configured providers.
 */
providers: Array<ProviderId>, 
/**
 * Of these, the ones whose tracks this server serves as audio.
 */
files: Array<ProviderId>, 
/**
 * Those of them that can be browsed.
 */
browsable?: Array<ProviderId>, 
/**
 * Login with Spotify; absent when it is not configured.
 */
spotify?: SpotifyServer | null, 
/**
 * Who may enter, and who may open rooms.
 */
switches: Switches, };

/**
 * `application/problem+json` (RFC 9457).
 */
export type Problem = { 
/**
 * `about:blank`: see `code`.
 */
type: string, 
/**
 * The standard phrase for the status.
 */
title: string, 
/**
 * HTTP status.
 */
status: number, 
/**
 * An English sentence.
 */
detail: string, 
/**
 * The kind of error.
 */
code: ErrorCode, 
/**
 * Identifies the cause in the server's log.
 */
error_id: string, 
/**
 * The exact reason, if there is one.
 */
reason?: Reason | null, 
/**
 * Values for a sentence about it.
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
  NetworkBusy: 4009,
  RoomFull: 4010,
  LobbyFull: 4011,
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
  ScreenNotPaired: 4514,
} as const;

/** Every action: the lowest role that may do it in a new room, and whether that can be changed. */
export const ACTIONS: Record<Action, { lowest: Role; fixed: boolean }> = {
  queue: { lowest: "player", fixed: false },
  suggest: { lowest: "listener", fixed: false },
  vote: { lowest: "listener", fixed: false },
  vote_skip: { lowest: "listener", fixed: false },
  chat: { lowest: "listener", fixed: false },
  see_passcode: { lowest: "player", fixed: false },
  curate_queue: { lowest: "cohost", fixed: false },
  control_playback: { lowest: "cohost", fixed: false },
  set_output: { lowest: "cohost", fixed: false },
  skip: { lowest: "cohost", fixed: false },
  approve: { lowest: "cohost", fixed: false },
  admit: { lowest: "cohost", fixed: false },
  lock: { lowest: "cohost", fixed: false },
  manage_screens: { lowest: "cohost", fixed: false },
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
export const COMMANDS: readonly Command['name'][] = ["enqueue","enqueue_all","dequeue","move","play_next","clear","pause_queue","resume_queue","step_down","vote","approve","reject","play","pause","seek","set_output","set_volume","skip","vote_skip","set_role","kick","ban","unban","mute","admit","deny","lock","unlock","set_policy","set_settings","block","unblock","rename_room","remove_screen","set_permission","preview_policy","show_history","show_audit","undo","claim_host","transfer_host","close_room","rename","say","react","leave"];

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
  "vote_skip_min": 0,
  "host_claim_after_ms": 600000,
  "permissions": {
    "queue": "player",
    "suggest": "listener",
    "vote": "listener",
    "vote_skip": "listener",
    "chat": "listener",
    "see_passcode": "player",
    "curate_queue": "cohost",
    "control_playback": "cohost",
    "set_output": "cohost",
    "skip": "cohost",
    "approve": "cohost",
    "admit": "cohost",
    "lock": "cohost",
    "manage_screens": "cohost",
    "mute": "cohost",
    "see_audit": "cohost",
    "set_role": "host",
    "kick": "host",
    "ban": "host",
    "set_settings": "host"
  },
  "level_loudness": true,
  "wait_for_listener": false,
  "fallback": [],
  "blocked_tracks": [],
  "blocked_artists": []
};

/** How tracks are cut and served; sizes in samples. */
export const SEGMENTS = { rateHz: 48000, samples: 240000, smallLead: 3840, smallTail: 960, samplesHeader: "tutti-segment-samples" } as const;

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
  track_blocked: { code: "forbidden", values: [] },
  artist_blocked: { code: "forbidden", values: [] },
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
  no_such_screen: { code: "not_found", values: [] },
  too_many_screens: { code: "limit_reached", values: ["max"] },
  screen_only_shows: { code: "forbidden", values: [] },
  muted: { code: "forbidden", values: [] },
  bad_text: { code: "invalid", values: ["max"] },
  unknown_command: { code: "invalid", values: [] },
  too_many_commands: { code: "rate_limited", values: [] },
  too_many_tracks: { code: "too_large", values: ["max"] },
  not_stored: { code: "unavailable", values: [] },
  provider_not_linked: { code: "forbidden", values: ["provider"] },
  track_unplayable: { code: "invalid", values: ["provider"] },
  track_plays: { code: "conflict", values: [] },
  track_gone: { code: "not_found", values: [] },
  segment_past_end: { code: "not_found", values: [] },
  provider_busy: { code: "rate_limited", values: ["provider"] },
  provider_unavailable: { code: "unavailable", values: ["provider"] },
  provider_login_needed: { code: "needs_login", values: ["provider"] },
  subscription_needed: { code: "premium_required", values: ["provider"] },
  provider_account_not_allowed: { code: "forbidden", values: ["provider"] },
  no_linked_account: { code: "not_found", values: ["provider"] },
  provider_device_not_found: { code: "not_found", values: ["provider"] },
  provider_account_in_use: { code: "conflict", values: ["provider"] },
  bad_search: { code: "invalid", values: ["provider"] },
  foreign_page: { code: "forbidden", values: [] },
  no_such_room: { code: "not_found", values: [] },
  bad_room_name: { code: "invalid", values: ["max"] },
  bad_passcode: { code: "invalid", values: ["min","max"] },
  bad_username: { code: "invalid", values: ["min","max"] },
  bad_password: { code: "invalid", values: ["min","max"] },
  weak_password: { code: "invalid", values: ["min","max"] },
  track_not_in_room: { code: "forbidden", values: [] },
  bad_display_name: { code: "invalid", values: ["max"] },
  wrong_credentials: { code: "forbidden", values: [] },
  wrong_password: { code: "forbidden", values: [] },
  login_needed: { code: "forbidden", values: [] },
  username_taken: { code: "conflict", values: [] },
  already_logged_in: { code: "conflict", values: [] },
  linked_elsewhere: { code: "conflict", values: [] },
  banned_from_server: { code: "forbidden", values: [] },
  guests_off: { code: "forbidden", values: [] },
  registration_closed: { code: "forbidden", values: [] },
  invitation_needed: { code: "forbidden", values: [] },
  invitation_void: { code: "not_found", values: [] },
  rooms_for_accounts: { code: "forbidden", values: [] },
  rooms_for_operators: { code: "forbidden", values: [] },
  not_an_operator: { code: "forbidden", values: [] },
  operator_protected: { code: "conflict", values: [] },
  no_such_person: { code: "not_found", values: [] },
  no_password: { code: "conflict", values: [] },
  link_void: { code: "not_found", values: [] },
  no_such_device_code: { code: "not_found", values: [] },
  device_code_used: { code: "not_found", values: [] },
  device_code_expired: { code: "not_found", values: [] },
} as const satisfies Record<Reason, { code: ErrorCode; values: readonly string[] }>;

export const SUBPROTOCOL = "tutti.v1";
