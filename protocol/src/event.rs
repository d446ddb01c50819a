//! Events of a room.
//!
//! An event is the unit of deltas and, in the same bytes, of the journal: clients apply the encoding that a restarted
//! server replays. It holds a decision, never its consequences: the order of play is derived from the state.

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::gain::Gain;
use crate::id::{EntryId, ScreenId, UserId};
use crate::room::{Entry, Member, Note, Output, PairedScreen, Playback, Role, Track, UserKind};
use crate::settings::SettingsChange;

/// An event, with all that is needed to apply it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "name", rename_all = "snake_case")]
pub enum Event {
    /// The room was created: always the first event.
    RoomCreated {
        /// Its name.
        room_name: String,
        /// Its host.
        host: Member,
    },
    /// A member joined, for the first time or again.
    MemberJoined {
        /// The member.
        member: Member,
    },
    /// A member left for good. Their queue is dropped, their airtime is kept.
    MemberLeft {
        /// The member.
        member: UserId,
    },
    /// A member was kicked. Their queue is dropped, their airtime is kept.
    MemberKicked {
        /// The member.
        member: UserId,
        /// The member who did it.
        by: UserId,
        /// The number of the note by which it can be undone.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
    },
    /// A member has had no connection for the grace period: their queue leaves the order of play.
    MemberAway {
        /// The member.
        member: UserId,
    },
    /// A member who was away returned: their queue rejoins the order of play.
    MemberReturned {
        /// The member.
        member: UserId,
    },
    /// A member changed their display name.
    MemberRenamed {
        /// The member.
        member: UserId,
        /// The new name.
        member_name: String,
        /// True when it looks like the name of the host or a co-host.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        look_alike: bool,
    },
    /// A member's name, picture or kind changed; all three as they are now.
    MemberChanged {
        /// The member.
        member: UserId,
        /// Their name.
        member_name: String,
        /// Guest or account.
        kind: UserKind,
        /// Their picture, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
        /// True when the name looks like that of the host or a co-host.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        look_alike: bool,
    },
    /// A guest logged in to an account, which takes over everything of theirs in the room. Their entries join the end
    /// of its queue, except a locked one, which leads it; the current entry becomes the account's.
    MemberMerged {
        /// The guest, who is no longer a member.
        from: UserId,
        /// The account, now a member.
        to: Member,
    },
    /// A user was erased: their queue and everything else about them is dropped. The current entry plays to its end.
    MemberForgotten {
        /// The member.
        member: UserId,
    },
    /// A member's role changed.
    RoleChanged {
        /// The member.
        member: UserId,
        /// The new role.
        role: Role,
        /// The member who did it.
        by: UserId,
    },
    /// The room was handed over; the old host is a co-host now.
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
        /// The owner's entry that it was inserted before; absent: at the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EntryId>,
    },
    /// An entry was removed from a queue.
    EntryRemoved {
        /// The entry.
        entry: EntryId,
        /// The member who did it; the nil id when the server removed it.
        by: UserId,
        /// The number of the note by which it can be put back; absent when the owner or the server removed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
        /// The entry as it was; absent when the owner removed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        removed: Option<Box<Entry>>,
        /// Why the server removed it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fault: Option<TrackFault>,
    },
    /// A queued or current track was measured: its exact length and its gain.
    TrackMeasured {
        /// The entry.
        entry: EntryId,
        /// Its exact length, which replaces the known one. The current entry ends by it.
        duration_ms: u64,
        /// Its gain; absent: unknown.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        gain_db: Option<Gain>,
        /// The address of its cover; absent: as before.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        art_url: Option<String>,
    },
    /// An entry was moved within its owner's queue; under the policy `host`, within the room's order.
    EntryMoved {
        /// The entry.
        entry: EntryId,
        /// The entry that it was moved before; absent: to the end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        before: Option<EntryId>,
    },
    /// An entry was put first: it plays ahead of the policy's order, until it starts or is moved. The latest is the first.
    EntryPromoted {
        /// The entry.
        entry: EntryId,
        /// The member who did it.
        by: UserId,
    },
    /// The next entry is locked: it starts within seconds, and no other goes ahead of it.
    NextLocked {
        /// The entry.
        entry: EntryId,
    },
    /// An entry left its owner's queue and is the current one.
    EntryStarted {
        /// The entry.
        entry: Entry,
        /// The new timeline.
        playback: Playback,
    },
    /// The current entry ended.
    EntryEnded {
        /// The entry.
        entry: EntryId,
        /// The reason.
        reason: EndReason,
        /// How much of it was played, which its owner is charged for.
        played_ms: u64,
        /// The member who ended it, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
        /// The number of the note by which the skip can be undone; absent when the owner skipped it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
    },
    /// The timeline changed: paused, resumed, sought, rescheduled, or idle after the last entry.
    PlaybackChanged {
        /// The new timeline.
        playback: Playback,
        /// The member who did it, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// The choice of devices that play changed.
    OutputChanged {
        /// The new choice.
        output: Output,
        /// The member who did it.
        by: UserId,
    },
    /// The room is closed.
    RoomClosed {
        /// The member who did it.
        by: UserId,
    },
    /// The room was renamed.
    RoomRenamed {
        /// The new name.
        room_name: String,
        /// The member who did it.
        by: UserId,
    },
    /// The passcode was set, changed or removed. Members need none to return.
    PasscodeChanged {
        /// Whether newcomers need one now.
        has_passcode: bool,
        /// The member who did it.
        by: UserId,
    },
    /// A screen was paired with the room.
    ScreenAdded {
        /// The screen.
        screen: PairedScreen,
        /// The member who approved it.
        by: UserId,
    },
    /// A screen was removed.
    ScreenRemoved {
        /// The screen.
        screen: ScreenId,
        /// The member who did it.
        by: UserId,
    },
    /// Settings changed: those that are present, to these values.
    SettingsChanged {
        /// The settings to change.
        settings: Box<SettingsChange>,
        /// The tracks of the new fallback playlist, when it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        fallback: Option<Vec<Track>>,
        /// The member who did it.
        by: UserId,
    },
    /// A member's exception from the table of permissions changed.
    PermissionChanged {
        /// The member.
        member: UserId,
        /// The action.
        action: Action,
        /// Whether they may; absent: as the table says.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        allowed: Option<bool>,
        /// The member who did it.
        by: UserId,
    },
    /// A member voted for or against an entry.
    EntryVoted {
        /// The entry.
        entry: EntryId,
        /// The member.
        member: UserId,
        /// 1, -1, or 0 when the vote was retracted.
        value: i8,
        /// The new sum of votes for the entry.
        votes: i32,
    },
    /// A member wanted a track that is queued already: the entry is credited to them, too.
    EntryCredited {
        /// The queued entry.
        entry: EntryId,
        /// The member.
        member: UserId,
    },
    /// A member voted to skip the current entry.
    SkipVoted {
        /// The entry that is on.
        entry: EntryId,
        /// The member.
        member: UserId,
        /// Votes so far.
        votes: u32,
        /// Votes that a skip takes.
        needed: u32,
    },
    /// A queue, or all queues, were cleared.
    QueueCleared {
        /// The owner; absent: all members.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<UserId>,
        /// The member who did it.
        by: UserId,
        /// The number of the note by which they can be put back.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        note: Option<u64>,
    },
    /// A member's queue was paused or resumed.
    QueuePaused {
        /// The member.
        member: UserId,
        /// Whether it is paused.
        paused: bool,
        /// The member who did it.
        by: UserId,
    },
    /// A member moved to the end of the waitlist.
    SteppedDown {
        /// The member.
        member: UserId,
    },
    /// A track waits for approval.
    EntrySuggested {
        /// The suggested entry.
        entry: Entry,
    },
    /// A suggestion was approved: it joined the end of its owner's queue.
    SuggestionApproved {
        /// The entry.
        entry: EntryId,
        /// The member who did it.
        by: UserId,
    },
    /// A suggestion was rejected or withdrawn.
    SuggestionRejected {
        /// The entry.
        entry: EntryId,
        /// The member who did it.
        by: UserId,
    },
    /// A member was muted or unmuted.
    MemberMuted {
        /// The member.
        member: UserId,
        /// Whether they are muted.
        muted: bool,
        /// The member who did it.
        by: UserId,
    },
    /// A member was banned. Their queue is kept, hidden.
    MemberBanned {
        /// The member.
        member: UserId,
        /// The member who did it.
        by: UserId,
    },
    /// A ban was lifted. The queue returns with the member, paused.
    BanLifted {
        /// The member.
        member: UserId,
        /// The member who did it.
        by: UserId,
    },
    /// A person entered the lobby.
    LobbyEntered {
        /// The person, not yet a member.
        person: Member,
    },
    /// A person left the lobby: admitted (`member_joined` follows), denied, or gone.
    LobbyLeft {
        /// The person in the lobby.
        person: UserId,
        /// Whether they were admitted.
        admitted: bool,
        /// The member who decided; absent when the person left.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        by: Option<UserId>,
    },
    /// A co-host claimed the room while its host was gone, or the former host claimed it back. The old host is a
    /// co-host now.
    HostClaimed {
        /// The old host.
        from: UserId,
        /// The new one.
        to: UserId,
    },
    /// A note for the audit log, behind the events that it is about.
    Noted {
        /// The note.
        note: Note,
    },
    /// A removal, a clearing, a kick or a skip was undone. Entries return to their places, as far as these exist; a skipped
    /// one is put first.
    Undone {
        /// The number of its note.
        note: u64,
        /// The member who did it.
        by: UserId,
        /// The member who is back, after a kick.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        member: Option<Member>,
        /// Whose entries are back, when entries were removed; at most the first 100 members.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        owners: Vec<UserId>,
        /// The new id of a skipped entry.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<EntryId>,
    },
}

/// Why an entry ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EndReason {
    /// It played to its end.
    Finished,
    /// It was skipped.
    Skipped,
    /// Enough members voted to skip it.
    VotedOut,
    /// It could not be played. Its owner is not charged.
    Unplayable,
    /// Its file is no longer there. Its owner is not charged.
    Gone,
}

/// Why no device can play a track.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum TrackFault {
    /// Nothing decodes its file.
    Unplayable,
    /// Its file is no longer there.
    Gone,
}

impl From<TrackFault> for EndReason {
    fn from(fault: TrackFault) -> Self {
        match fault {
            TrackFault::Unplayable => Self::Unplayable,
            TrackFault::Gone => Self::Gone,
        }
    }
}
