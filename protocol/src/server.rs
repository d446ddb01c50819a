//! What the server sends over the WebSocket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::{DeviceKind, DevicePlayback};
use crate::code::ErrorCode;
use crate::event::Event;
use crate::id::{CommandId, ConnectionId, DeviceId, EntryId, ScreenId, UserId};
use crate::reason::{Reason, ReasonValues};
use crate::room::{Entry, Note, Played, Position, Role, Room};

/// A frame from the server, tagged by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// Answers a valid `hello`.
    Welcome {
        /// This connection.
        connection: ConnectionId,
        /// The authenticated user.
        member: UserId,
        /// Their role.
        role: Role,
        /// The server's clock.
        server_time_ms: f64,
        /// Interval of `heartbeat`.
        heartbeat_ms: u64,
        /// When the access token expires.
        expires_at_ms: i64,
        /// True when the missed deltas follow; false when a snapshot does.
        resumed: bool,
        /// What only this member is sent.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<Own>,
        /// This screen, instead of a user: `member` is the nil id then, and `role` is `listener`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        screen: Option<ScreenId>,
    },
    /// The whole visible room.
    Snapshot {
        /// The last event included.
        position: Position,
        /// The room.
        room: Box<Room>,
    },
    /// The events since the previous delta or snapshot.
    Delta {
        /// The position of the last event.
        position: Position,
        /// Contiguous: the first has offset `position.offset - events.len() + 1`.
        events: Vec<Event>,
        /// The order of play, when it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upcoming: Option<Vec<Entry>>,
        /// How many entries are in the order in all, when it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        upcoming_total: Option<u32>,
        /// The new waitlist (`line` of the room), when it changed.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        waitlist: Option<Vec<UserId>>,
        /// How many votes skip the entry that is on, when it changed; 0: votes skip nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip_votes_needed: Option<u32>,
    },
    /// Answers one command.
    Reply {
        /// The command's id.
        id: CommandId,
        /// Whether it was accepted.
        ok: bool,
        /// The room's offset after it, when accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// The entry that it created or credited, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<EntryId>,
        /// The answer to a query.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Answer>,
        /// The reason, when refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ReplyError>,
    },
    /// Connected devices; ephemeral and coalesced.
    Presence {
        /// True when `members` are all connected members; false when they are those that changed.
        full: bool,
        /// The members.
        members: Vec<MemberPresence>,
        /// How many votes skip the entry that is on, in a full presence and when it changed; 0: votes skip nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip_votes_needed: Option<u32>,
        /// The connected screens, when they changed; absent in a full presence: none is.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        screens: Option<Vec<ScreenId>>,
    },
    /// A change of what only this member is sent.
    Own(Own),
    /// A chat message; ephemeral.
    Said {
        /// The member.
        member: UserId,
        /// The text.
        text: String,
        /// Server time.
        at_ms: i64,
    },
    /// A reaction; ephemeral.
    Reacted {
        /// The member.
        member: UserId,
        /// The emoji.
        emoji: String,
        /// Server time.
        at_ms: i64,
    },
    /// Answers a clock probe. All in milliseconds with a fraction.
    Sync {
        /// Unchanged.
        t0: f64,
        /// When the probe arrived, on the server's clock.
        t1: f64,
        /// When the answer left, on the server's clock.
        t2: f64,
    },
    /// Sent at a fixed interval.
    Heartbeat {
        /// The room's last offset: a client behind it has missed deltas.
        offset: u64,
        /// The server's clock.
        server_time_ms: f64,
    },
    /// A notice, such as `draining`.
    Notice {
        /// The kind of notice.
        code: String,
        /// An English sentence.
        message: String,
        /// Values for a sentence about it.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        values: ReasonValues,
    },
}

impl ServerFrame {
    /// The reply that refuses a command.
    pub fn refused(id: CommandId, reason: Reason, values: ReasonValues, message: impl Into<String>) -> Self {
        let (code, reason) = (reason.code(), Some(reason));
        let error = ReplyError { code, message: message.into(), retry: code.retry(), reason, values };
        Self::Reply { id, ok: false, offset: None, entry: None, answer: None, error: Some(error) }
    }
}

/// What only one member is sent: their queue, their votes, and which commands about the current entry they may use.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Own {
    /// The last event included.
    pub offset: u64,
    /// Their queue, at most the first 200 entries.
    pub queue: Vec<Entry>,
    /// Their votes for queued entries, at most 200.
    pub votes: BTreeMap<EntryId, i8>,
    /// True while `upcoming` does not show the whole queue: it takes no part in the order, or the order is longer than
    /// what is shown. Then `own` is sent again whenever `queue` changes. Otherwise the queue is the member's entries in
    /// `upcoming`, and `queue` is only right at `offset`.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub queue_hidden: bool,
    /// How many entries of their queue follow those in `queue`.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub queue_more: u32,
    /// The commands about the current entry that the room accepts from this member; empty when there is none. `own` is
    /// sent again when they change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may: Option<Vec<EntryCommand>>,
}

/// The name of a command about the current entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EntryCommand {
    /// Resume playback.
    Play,
    /// Pause playback.
    Pause,
    /// Seek within it.
    Seek,
    /// Skip it.
    Skip,
    /// Vote to skip it.
    VoteSkip,
}

impl EntryCommand {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Play, Self::Pause, Self::Seek, Self::Skip, Self::VoteSkip];
}

/// The answer to a query.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The order of play under the policy, as far as it is shown (`preview_policy`).
    Upcoming(Vec<Entry>),
    /// Past entries, latest first (`show_history`).
    History(Vec<Played>),
    /// The audit log, latest first (`show_audit`).
    Audit(Vec<Note>),
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ReplyError {
    /// The kind of refusal.
    pub code: ErrorCode,
    /// An English sentence.
    pub message: String,
    /// Whether the same command may succeed later.
    pub retry: bool,
    /// The exact reason.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Values for a sentence about it.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub values: ReasonValues,
}

/// A member's connected devices; none when not connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct MemberPresence {
    /// The member.
    pub member: UserId,
    /// Their devices.
    pub devices: Vec<DevicePresence>,
    /// True when all of the devices are idle.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub idle: bool,
}

/// One connected device.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct DevicePresence {
    /// Its id.
    pub id: DeviceId,
    /// Its name.
    pub name: String,
    /// Its purpose.
    pub kind: DeviceKind,
    /// Its reported playback.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback: Option<DevicePlayback>,
}
