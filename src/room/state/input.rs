//! What can be asked of a room.

use std::collections::{BTreeMap, BTreeSet};

use tutti_protocol::{Command, EntryId, Member, Role, Track, UserId, UserKind};

use crate::{Audience, PICTURE_BYTES_MAX};

/// What a decision may know besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The server's clock, Unix milliseconds.
    pub now_ms: i64,
    /// An id nobody has seen, for the entry that the input may make.
    pub new_entry: EntryId,
    /// Members with a device that is not idle.
    pub present: &'a BTreeSet<UserId>,
    /// Since when the host has no device connected; `None` while one is.
    pub host_gone_since_ms: Option<i64>,
    /// Who listens.
    pub audience: &'a Audience,
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
        Member {
            id: self.id,
            name: self.name.clone(),
            role,
            kind: self.kind,
            away,
            picture,
            muted: false,
            paused: false,
            exceptions: BTreeMap::new(),
        }
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
        /// Of the tracks that the command names, in its order, those that their providers know.
        tracks: Vec<Track>,
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
    /// All devices of a member, or of somebody in the lobby, have been gone for the grace period.
    GraceOver(UserId),
    /// Who listens, or what they have ready, changed; see [`crate::RoomState::awaits_devices`].
    Audience,
    /// Time passed; see [`crate::RoomState::next_deadline_ms`].
    Tick,
}
