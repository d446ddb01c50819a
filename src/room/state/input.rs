//! What can be asked of a room.

use tutti_protocol::{Command, EntryId, Member, Role, Track, UserId, UserKind};

use crate::PICTURE_BYTES_MAX;

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
    /// A small picture of them, absolute or relative to the server's root; one of more than [`PICTURE_BYTES_MAX`] is none.
    pub picture: Option<String>,
}

impl Newcomer {
    /// As they are shown in the room.
    pub(crate) fn to_member(&self, role: Role, away: bool) -> Member {
        let picture = self.picture.clone().filter(|picture| picture.len() <= PICTURE_BYTES_MAX);
        Member { id: self.id, name: self.name.clone(), role, kind: self.kind, away, picture }
    }
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
    /// A guest has logged in to an account that was there before: their standing in the room becomes the account's.
    /// Nothing happens when the guest is no member.
    Merge {
        /// The guest.
        from: UserId,
        /// The account.
        to: Newcomer,
    },
    /// Somebody deletes everything about themselves. Always an event, whether or not they are a member: what is kept of
    /// the room's past may know them still.
    Forget(UserId),
    /// All of a member's devices have been gone for the grace period.
    GraceOver(UserId),
    /// Time passed; see [`crate::RoomState::next_deadline_ms`].
    Tick,
}
