//! What can be asked of a room.

use tutti_protocol::{Command, EntryId, Track, UserId, UserKind};

/// What a decision may know besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Ctx {
    /// The server's clock, Unix milliseconds.
    pub now_ms: i64,
    /// An id nobody has seen, for the entry that the input may make.
    pub new_entry: EntryId,
}

/// Somebody at the door.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Newcomer {
    /// Durable identity.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// Guest or account.
    pub kind: UserKind,
}

/// Something that a room decides about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// The room is opened; only ever the first input.
    Create {
        /// Its name.
        name: String,
        /// Its host.
        host: Newcomer,
    },
    /// Somebody connects, for the first time or again.
    Enter(Newcomer),
    /// A member's command.
    Command {
        /// Whose.
        by: UserId,
        /// What.
        command: Command,
        /// For `enqueue`: what the provider knows of the track.
        track: Option<Track>,
    },
    /// All of a member's devices have been gone for the grace period.
    GraceOver(UserId),
    /// Time passed; see [`crate::RoomState::next_deadline_ms`].
    Tick,
}
