//! Inputs of a room.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use tutti_protocol::{
    Command, EntryId, Gain, Member, Role, ScreenId, SettingsChange, Track, TrackFault, UserId, UserKind,
};

use crate::{Audience, PICTURE_BYTES_MAX};

/// What a decision depends on besides the state.
#[derive(Clone, Copy, Debug)]
pub struct Ctx<'a> {
    /// The server's clock, Unix milliseconds.
    pub now_ms: i64,
    /// A fresh id, for an entry that the input may create.
    pub new_entry: EntryId,
    /// Members with a device that is not idle.
    pub present: &'a BTreeSet<UserId>,
    /// Since when the host has had no connection; `None` while connected.
    pub host_gone_since_ms: Option<i64>,
    /// Counts of listening devices.
    pub audience: &'a Audience,
    /// Since when no device has listened; `None` while one does.
    pub unheard_since_ms: Option<i64>,
}

/// A user who enters.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Newcomer {
    /// Durable identity.
    pub id: UserId,
    /// Display name.
    pub name: String,
    /// Guest or account.
    pub kind: UserKind,
    /// URL of a small picture, absolute or relative to the server's root; ignored above [`PICTURE_BYTES_MAX`].
    pub picture: Option<String>,
}

impl Newcomer {
    /// The user as a member.
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
            look_alike: false,
        }
    }
}

/// What measuring a track found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TrackFinding {
    /// It plays.
    Plays {
        /// Its exact length.
        duration_ms: u64,
        /// Its gain, if known.
        gain_db: Option<Gain>,
        /// The address of its cover, if this server serves it.
        art_url: Option<String>,
    },
    /// No device can play it.
    Faulty(TrackFault),
    /// No device can play it now. Later it may play.
    Away,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Input {
    /// Creates the room; always the first input.
    Create {
        /// Its name.
        name: String,
        /// Its host.
        host: Newcomer,
        /// Settings that differ from the defaults.
        settings: Box<SettingsChange>,
    },
    /// A user connects, for the first time or again.
    Enter(Newcomer),
    /// A member's command.
    Command {
        /// The sender.
        by: UserId,
        /// What.
        command: Command,
        /// The tracks that the command names, in its order, without those that their providers do not know.
        tracks: Vec<Track>,
    },
    /// A guest has logged in to an existing account, which takes over their membership. Does nothing when the guest is not a
    /// member.
    Merge {
        /// The guest.
        from: UserId,
        /// The account.
        to: Newcomer,
    },
    /// Erases a user. Always leads to an event, whether or not they are a member, because stored events may name them.
    Forget(UserId),
    /// A member, or a person in the lobby, has had no connection for the grace period.
    GraceOver(UserId),
    /// The track of an entry was measured. Does nothing when the entry is neither queued nor on.
    TrackMeasured {
        /// The entry.
        entry: EntryId,
        /// What was found.
        finding: TrackFinding,
    },
    /// A member set, changed or removed the passcode, which the room itself does not know.
    SetPasscode {
        /// The member.
        by: UserId,
        /// Whether newcomers need one now.
        has_passcode: bool,
    },
    /// An operator of the server makes a member the host.
    HandOver(UserId),
    /// A member approved a screen.
    AddScreen {
        /// The member.
        by: UserId,
        /// The screen.
        screen: ScreenId,
        /// Its name.
        name: String,
    },
    /// The counts of listening devices changed, or have not for some time; see [`crate::RoomState::awaits_devices`] and
    /// [`crate::RoomState::listeners_due_ms`].
    Audience,
    /// Time passed; see [`crate::RoomState::next_deadline_ms`].
    Tick,
}
