//! Why an input is refused. Expected, typed, told to the member; never a fault of the server.

use std::fmt;

use tutti_protocol::{ErrorCode, Role};

use crate::permissions::Action;

/// Why a room does not do what it was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The room is over.
    Closed,
    /// The sender is not a member (any more).
    NotAMember,
    /// The sender's role is too low for it.
    NotAllowed {
        /// For what.
        action: Action,
        /// The lowest role that may.
        needs: Role,
    },
    /// No such member.
    NoSuchMember,
    /// No such entry in any queue.
    NoSuchEntry,
    /// The provider does not know the track.
    NoSuchTrack,
    /// `before` is not an entry of the same queue.
    NotTheSameQueue,
    /// The entry starts within seconds.
    AboutToStart,
    /// Nothing is on.
    NothingOn,
    /// The entry that was meant is not on any more.
    OverAlready,
    /// Beyond the end of what is on.
    BeyondTheEnd,
    /// Not with oneself.
    NotOneself,
    /// The host cannot be sent out, demoted, or leave: the room is handed over or closed.
    HostStays,
    /// `host` is not given as a role: the room is handed over.
    HandOverInstead,
    /// The sender has as many entries waiting as anybody may.
    QueueFull,
    /// The room has as many entries waiting as it may.
    RoomQueueFull,
    /// The room has as many members as it may.
    RoomFull,
}

impl Refusal {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAllowed { .. } | Self::NotAMember => ErrorCode::Forbidden,
            Self::NoSuchMember | Self::NoSuchEntry | Self::NoSuchTrack => ErrorCode::NotFound,
            Self::NotTheSameQueue | Self::BeyondTheEnd | Self::NotOneself | Self::HandOverInstead => ErrorCode::Invalid,
            Self::Closed | Self::AboutToStart | Self::NothingOn | Self::OverAlready | Self::HostStays => {
                ErrorCode::Conflict
            }
            Self::QueueFull | Self::RoomQueueFull | Self::RoomFull => ErrorCode::LimitReached,
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            Self::Closed => "This room is closed.",
            Self::NotAMember => "You are not in this room any more.",
            Self::NotAllowed { action, needs } => {
                let needs = match needs {
                    Role::Host => "the host",
                    Role::Cohost => "the host or a co-host",
                    Role::Player => "someone who may play",
                    Role::Listener => "a member",
                };
                return write!(f, "Only {needs} may {}.", action.phrase());
            }
            Self::NoSuchMember => "There is no such member in this room.",
            Self::NoSuchEntry => "That track is not waiting any more.",
            Self::NoSuchTrack => "There is no such track.",
            Self::NotTheSameQueue => "A track moves only within its owner's own queue.",
            Self::AboutToStart => "That track is about to start.",
            Self::NothingOn => "Nothing is on.",
            Self::OverAlready => "That track is over already.",
            Self::BeyondTheEnd => "That is beyond the end of the track.",
            Self::NotOneself => "You cannot do that to yourself.",
            Self::HostStays => "The host cannot go: hand the room over, or close it.",
            Self::HandOverInstead => "There is one host: hand the room over instead.",
            Self::QueueFull => "Your queue is full.",
            Self::RoomQueueFull => "The room's queue is full.",
            Self::RoomFull => "The room is full.",
        };
        f.write_str(sentence)
    }
}
