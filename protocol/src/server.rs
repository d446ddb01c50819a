//! What the server sends over the WebSocket.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::client::{DeviceKind, DevicePlayback};
use crate::code::ErrorCode;
use crate::event::Event;
use crate::id::{CommandId, ConnectionId, DeviceId, EntryId, UserId};
use crate::reason::{Reason, ReasonValues};
use crate::room::{Entry, Note, Played, Position, Role, Room};

/// A frame from the server, tagged by `type`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ServerFrame {
    /// The answer to a good `hello`.
    Welcome {
        /// This socket.
        connection: ConnectionId,
        /// Who the server takes the client for.
        member: UserId,
        /// Their role now.
        role: Role,
        /// The server's clock.
        server_time_ms: f64,
        /// How often a `heartbeat` comes.
        heartbeat_ms: u64,
        /// When the access token runs out.
        expires_at_ms: i64,
        /// True when the missed deltas follow; false when a snapshot does.
        resumed: bool,
        /// What is the member's own and stands in no snapshot.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        own: Option<Own>,
    },
    /// The whole visible room.
    Snapshot {
        /// Up to where it reaches.
        position: Position,
        /// The room.
        room: Box<Room>,
    },
    /// What happened since the delta or snapshot before.
    Delta {
        /// Of the last event.
        position: Position,
        /// Contiguous: the first has offset `position.offset - events.len() + 1`.
        events: Vec<Event>,
        /// The new merged order, when it changed.
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
    /// The answer to one command.
    Reply {
        /// The command's.
        id: CommandId,
        /// Whether it was accepted.
        ok: bool,
        /// The room's offset after it, when accepted.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        offset: Option<u64>,
        /// The entry that it made, when it made one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        entry: Option<EntryId>,
        /// What was asked for, when something was.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        answer: Option<Answer>,
        /// Why not, when refused.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        error: Option<ReplyError>,
    },
    /// Who is connected with what; ephemeral and coalesced.
    Presence {
        /// True when `members` are all who are connected; false when they are those that changed.
        full: bool,
        /// Who.
        members: Vec<MemberPresence>,
        /// How many votes skip the entry that is on, in a full presence and when it changed; 0: votes skip nothing.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        skip_votes_needed: Option<u32>,
    },
    /// What is the member's own changed, other than by what a delta says. Sent to that member only.
    Own(Own),
    /// Somebody says something; ephemeral.
    Said {
        /// Who.
        member: UserId,
        /// What.
        text: String,
        /// When.
        at_ms: i64,
    },
    /// Somebody reacts; ephemeral.
    Reacted {
        /// Who.
        member: UserId,
        /// How.
        emoji: String,
        /// When.
        at_ms: i64,
    },
    /// The answer to a clock probe. All in milliseconds with a fraction.
    Sync {
        /// As it was sent.
        t0: f64,
        /// When the probe arrived, on the server's clock.
        t1: f64,
        /// When the answer left, on the server's clock.
        t2: f64,
    },
    /// The room is alive.
    Heartbeat {
        /// The room's top offset: a client that is below it has missed something.
        offset: u64,
        /// The server's clock.
        server_time_ms: f64,
    },
    /// Something to tell, such as `draining`.
    Notice {
        /// What, for a page to have its own sentence about.
        code: String,
        /// The same in English.
        message: String,
        /// What a sentence about it needs.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        values: ReasonValues,
    },
}

impl ServerFrame {
    /// The reply to a command that is refused.
    pub fn refused(id: CommandId, reason: Reason, values: ReasonValues, message: impl Into<String>) -> Self {
        let (code, reason) = (reason.code(), Some(reason));
        let error = ReplyError { code, message: message.into(), retry: code.retry(), reason, values };
        Self::Reply { id, ok: false, offset: None, entry: None, answer: None, error: Some(error) }
    }
}

/// What is told to one member only: their queue, their votes, and what they may do with the entry that is on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct Own {
    /// The last event that is in it.
    pub offset: u64,
    /// What they have waiting, in their order; at most the first 200.
    pub queue: Vec<Entry>,
    /// How they voted for entries that wait; at most 200.
    pub votes: BTreeMap<EntryId, i8>,
    /// True while `upcoming` does not show the whole queue: it takes no part in the order, or the order is longer than
    /// what is shown. Then `own` is sent again whenever `queue` changes. Otherwise the queue is the member's entries in
    /// `upcoming`, and `queue` is only right at `offset`.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub queue_hidden: bool,
    /// The commands about the entry that is on which the room accepts from this member; none while nothing is on. `own` is
    /// sent again when they change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub may: Option<Vec<EntryCommand>>,
}

/// A command about the entry that is on, by its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum EntryCommand {
    /// Go on after a pause.
    Play,
    /// Pause.
    Pause,
    /// Move within the entry.
    Seek,
    /// Skip the entry.
    Skip,
    /// Vote to skip the entry.
    VoteSkip,
}

impl EntryCommand {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Play, Self::Pause, Self::Seek, Self::Skip, Self::VoteSkip];
}

/// What a command asked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The order that there would be, as far as it is shown (`preview_policy`).
    Upcoming(Vec<Entry>),
    /// What was played, the latest first (`show_history`).
    History(Vec<Played>),
    /// Who did what, the latest first (`show_audit`).
    Audit(Vec<Note>),
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct ReplyError {
    /// The kind of refusal.
    pub code: ErrorCode,
    /// The reason as an English sentence.
    pub message: String,
    /// Whether the same command may succeed later.
    pub retry: bool,
    /// The exact reason, for a page to have its own sentence about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// What a sentence about it needs.
    #[serde(default, skip_serializing_if = "crate::room::is_default")]
    pub values: ReasonValues,
}

/// One member's connected devices; none: not connected.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
pub struct MemberPresence {
    /// Who.
    pub member: UserId,
    /// With what.
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
    /// What it is for.
    pub kind: DeviceKind,
    /// What it says that it plays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub playback: Option<DevicePlayback>,
}
