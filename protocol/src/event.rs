//! What happened in a room.
//!
//! An event is the unit of deltas and, in the same bytes, of the journal: what a client applies and what a restarted
//! server replays is one thing, encoded once. It holds what was decided, never what follows from it: the order of play
//! is derived from the state.

use serde::{Deserialize, Serialize};

use crate::id::{EntryId, UserId};
use crate::room::{Entry, Member, Playback, Role, UserKind};

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
    /// The room is over.
    RoomClosed {
        /// By whom.
        by: UserId,
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
}
