//! What happened in a room.
//!
//! An event is the unit of deltas and, in the same bytes, of the journal: what a client applies and what a restarted
//! server replays is one thing, encoded once. It holds what was decided, never what follows from it: the order of play
//! is derived from the state.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::id::{EntryId, UserId};
use crate::room::{Entry, Member, Note, Output, Playback, Role, Track, UserKind};
use crate::settings::SettingsChange;

/// Something that happened, with all that is needed to take it in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Event {
    /// The room came into being: always the first event.
    RoomCreated {
        /// Its name.
        room_name: String,
        /// Its host.
        host: Member,
    },
    /// Somebody new belongs to the room, or came back after having left.
    MemberJoined {
        /// Who.
        member: Member,
    },
    /// Somebody left for good; their queue goes with them, their airtime is remembered.
    MemberLeft {
        /// Who.
        member: UserId,
    },
    /// Somebody was sent out; their queue goes with them, their airtime is remembered.
    MemberKicked {
        /// Who.
        member: UserId,
        /// By whom.
        by: UserId,
        /// The number of the note by which it can be undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
    },
    /// Somebody's devices have all been gone for longer than the grace period: their queue waits.
    MemberAway {
        /// Who.
        member: UserId,
    },
    /// Somebody who was away is here again: their queue goes on.
    MemberReturned {
        /// Who.
        member: UserId,
    },
    /// Somebody has another display name.
    MemberRenamed {
        /// Who.
        member: UserId,
        /// The new name.
        member_name: String,
    },
    /// Somebody is shown differently: by another name or picture, or with an account instead of as a guest. All of it as
    /// it is from now on.
    MemberChanged {
        /// Who.
        member: UserId,
        /// Their name.
        member_name: String,
        /// Guest or account.
        kind: UserKind,
        /// Their picture; absent when there is none.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
    },
    /// A guest turned out to be somebody with an account: what was theirs in the room is the account's now. Their entries
    /// go to the end of its queue, save the next one if it is settled; so does the entry that is on.
    MemberMerged {
        /// The guest, who is no member any more.
        from: UserId,
        /// The account, as a member from now on.
        to: Member,
    },
    /// Somebody deleted everything about themselves: their queue goes, nothing of them is remembered. The entry that is
    /// on plays to its end.
    MemberForgotten {
        /// Who.
        member: UserId,
    },
    /// Somebody's role changed.
    RoleChanged {
        /// Whose.
        member: UserId,
        /// The new role.
        role: Role,
        /// By whom.
        by: UserId,
    },
    /// The room has another host; the old one is a co-host now.
    HostTransferred {
        /// The old host.
        from: UserId,
        /// The new one.
        to: UserId,
    },
    /// A track was queued.
    EntryAdded {
        /// The entry, without its place.
        entry: Entry,
        /// The entry of the same member that it goes ahead of; at the end when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EntryId>,
    },
    /// An entry was taken out of a queue.
    EntryRemoved {
        /// Which.
        entry: EntryId,
        /// By whom.
        by: UserId,
        /// The number of the note by which it can be put back; absent when the owner removed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
        /// The entry as it was; absent when the owner removed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        removed: Option<Box<Entry>>,
    },
    /// An entry has another place in its owner's queue.
    EntryMoved {
        /// Which.
        entry: EntryId,
        /// The entry of the same member that it goes ahead of; to the end when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EntryId>,
    },
    /// The next entry is settled: it starts within seconds and nobody goes ahead of it.
    NextLocked {
        /// Which.
        entry: EntryId,
    },
    /// An entry left its owner's queue and is on the timeline.
    EntryStarted {
        /// Which.
        entry: Entry,
        /// The timeline from now on.
        playback: Playback,
    },
    /// The entry on the timeline is over.
    EntryEnded {
        /// Which.
        entry: EntryId,
        /// Why.
        reason: EndReason,
        /// How much of it was played; its owner is charged for this.
        played_ms: u64,
        /// By whom, when somebody ended it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// The timeline changed: paused, resumed, or moved within the entry; idle after the last entry.
    PlaybackChanged {
        /// The timeline from now on.
        playback: Playback,
        /// By whom, when somebody did it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// Other devices play than did.
    OutputChanged {
        /// Which play from now on.
        output: Output,
        /// By whom.
        by: UserId,
    },
    /// The room is over.
    RoomClosed {
        /// By whom.
        by: UserId,
    },
    /// Settings changed: those that are named, to these values.
    SettingsChanged {
        /// Which, to what.
        settings: Box<SettingsChange>,
        /// The tracks of the new fallback playlist, when it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<Vec<Track>>,
        /// By whom.
        by: UserId,
    },
    /// Somebody may or may not do something, whatever the table of permissions says.
    PermissionChanged {
        /// Who.
        member: UserId,
        /// What.
        action: Action,
        /// Whether they may; as the table says when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowed: Option<bool>,
        /// By whom.
        by: UserId,
    },
    /// Somebody votes for or against an entry.
    EntryVoted {
        /// Which.
        entry: EntryId,
        /// Who.
        member: UserId,
        /// 1, -1, or 0 when the vote was taken back.
        value: i8,
        /// The sum of the votes for it now.
        votes: i32,
    },
    /// Somebody wants a track that is waiting already: it is played for them, too.
    EntryCredited {
        /// The entry that waits.
        entry: EntryId,
        /// Who else wants it.
        member: UserId,
    },
    /// Somebody votes to skip what is on.
    SkipVoted {
        /// What.
        entry: EntryId,
        /// Who.
        member: UserId,
        /// How many have.
        votes: u32,
        /// How many it takes of those who are present.
        needed: u32,
    },
    /// All entries were taken out of a queue.
    QueueCleared {
        /// Whose; everybody's when absent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<UserId>,
        /// By whom.
        by: UserId,
        /// The number of the note by which they can be put back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
    },
    /// Somebody's queue waits, or goes on.
    QueuePaused {
        /// Whose.
        member: UserId,
        /// Whether it waits.
        paused: bool,
        /// By whom.
        by: UserId,
    },
    /// Somebody went to the end of the line of those who want to play.
    SteppedDown {
        /// Who.
        member: UserId,
    },
    /// A track waits for approval.
    EntrySuggested {
        /// The entry that it would be.
        entry: Entry,
    },
    /// A suggestion is in its owner's queue now.
    SuggestionApproved {
        /// Which.
        entry: EntryId,
        /// By whom.
        by: UserId,
    },
    /// A suggestion was turned down or withdrawn.
    SuggestionRejected {
        /// Which.
        entry: EntryId,
        /// By whom.
        by: UserId,
    },
    /// Somebody is heard or not.
    MemberMuted {
        /// Who.
        member: UserId,
        /// Whether nobody hears them.
        muted: bool,
        /// By whom.
        by: UserId,
    },
    /// Somebody was sent out for good; their queue waits where nobody sees it.
    MemberBanned {
        /// Who.
        member: UserId,
        /// By whom.
        by: UserId,
    },
    /// Somebody may return; their queue comes back with them, paused.
    BanLifted {
        /// Who.
        member: UserId,
        /// By whom.
        by: UserId,
    },
    /// Somebody waits to be let in.
    LobbyEntered {
        /// Who; no member yet.
        person: Member,
    },
    /// Somebody does not wait any more: they were let in (`member_joined` follows), turned away, or went.
    LobbyLeft {
        /// Who.
        person: UserId,
        /// Whether they were let in.
        admitted: bool,
        /// By whom; absent when they went.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// A co-host took the room over while its host was gone, or the host took it back. The old host is a co-host now.
    HostClaimed {
        /// The old host.
        from: UserId,
        /// The new one.
        to: UserId,
    },
    /// What somebody did, for the list of who did what. Comes right after the events that it is about.
    Noted {
        /// The line.
        note: Note,
    },
    /// A removal, a clearing or a kick was taken back: entries are where they were, as far as that place is there.
    Undone {
        /// The number of its note.
        note: u64,
        /// By whom.
        by: UserId,
        /// The member who is back, when it was a kick.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<Member>,
        /// Whose entries are back, when entries were removed; at most the first 100 members.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        owners: Vec<UserId>,
    },
}

/// Why an entry is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It played to its end.
    Finished,
    /// Somebody skipped it.
    Skipped,
    /// Enough of those who were present voted to skip it.
    VotedOut,
    /// It could not be played.
    Unplayable,
}
