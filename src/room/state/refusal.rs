//! Why an input is refused. Expected, typed, told to the member; never a fault of the server.

use std::fmt;

use tutti_protocol::{Action, ErrorCode, Role};

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
    /// The host decided that this member may not.
    TakenAway {
        /// What.
        action: Action,
    },
    /// Only the host acts on co-hosts.
    AboveYou,
    /// The person may not return.
    Banned,
    /// The person waits in the lobby.
    Waiting,
    /// Nobody new may enter.
    RoomLocked,
    /// Guests may not enter.
    AccountNeeded,
    /// The person was turned away.
    NotAdmitted,
    /// As many people wait as may.
    LobbyFull,
    /// Nobody of this identity waits to be let in.
    NobodyWaits,
    /// As many are banned as may be.
    TooManyBanned,
    /// Not banned.
    NotBanned,
    /// Banned since, so that a kick is not taken back.
    BannedMeanwhile,
    /// No such suggestion (any more).
    NoSuchSuggestion,
    /// As many suggestions wait as may.
    TooManySuggestions,
    /// More devices than may be named as those that play or are left out.
    TooManyDevices,
    /// More entries than the host lets a member have waiting.
    TooManyEntries {
        /// How many it may be.
        max: u32,
    },
    /// More music than the host lets a member have waiting.
    TooManyMinutes {
        /// How many it may be.
        max: u32,
    },
    /// The same track waits already or is on.
    DuplicateTrack,
    /// The track was played a short time ago.
    TrackCooldown {
        /// How long until it may be queued.
        left_ms: u64,
    },
    /// Something by one of the artists was played a short time ago.
    ArtistCooldown {
        /// How long until they may be queued.
        left_ms: u64,
    },
    /// Longer than the host takes.
    TrackTooLong {
        /// How long it may be.
        max_ms: u64,
    },
    /// Explicit, in a room that takes none.
    Explicit,
    /// A setting may not have this value.
    BadSetting {
        /// Which.
        setting: &'static str,
    },
    /// Not for the table of permissions: it stays with whom it is with.
    FixedAction,
    /// A vote is 1, 0 or -1.
    NoSuchVote,
    /// Nobody votes for their own.
    OwnTrack,
    /// The entry has as many votes as it may.
    TooManyVotes,
    /// The host wants nothing skipped by votes.
    NoSkippingByVote,
    /// There is no line, or the sender is not in it.
    NotInWaitlist,
    /// Nothing that could be undone (any more).
    NothingToUndo,
    /// The room is not claimed while its host is here.
    HostIsHere,
    /// The host has not been gone for long enough.
    ClaimTooEarly {
        /// How long it takes still.
        left_ms: u64,
    },
    /// The host wants the room never to be claimed.
    NotClaimable,
    /// Nobody hears what the sender says.
    Muted,
    /// Empty, too long, or on several lines.
    NotSayable {
        /// How long it may be.
        chars_max: usize,
    },
}

impl Refusal {
    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        match self {
            Self::NotAllowed { .. }
            | Self::NotAMember
            | Self::TakenAway { .. }
            | Self::AboveYou
            | Self::Banned
            | Self::Waiting
            | Self::RoomLocked
            | Self::AccountNeeded
            | Self::NotAdmitted
            | Self::Explicit
            | Self::NoSkippingByVote
            | Self::NotClaimable
            | Self::Muted => ErrorCode::Forbidden,
            Self::NoSuchMember
            | Self::NoSuchEntry
            | Self::NoSuchTrack
            | Self::NobodyWaits
            | Self::NotBanned
            | Self::NoSuchSuggestion
            | Self::NothingToUndo => ErrorCode::NotFound,
            Self::NotTheSameQueue
            | Self::BeyondTheEnd
            | Self::NotOneself
            | Self::HandOverInstead
            | Self::BadSetting { .. }
            | Self::FixedAction
            | Self::NoSuchVote
            | Self::OwnTrack
            | Self::NotSayable { .. } => ErrorCode::Invalid,
            Self::Closed
            | Self::AboutToStart
            | Self::NothingOn
            | Self::OverAlready
            | Self::HostStays
            | Self::BannedMeanwhile
            | Self::NotInWaitlist
            | Self::HostIsHere
            | Self::ClaimTooEarly { .. } => ErrorCode::Conflict,
            Self::QueueFull
            | Self::RoomQueueFull
            | Self::RoomFull
            | Self::LobbyFull
            | Self::TooManyBanned
            | Self::TooManySuggestions
            | Self::TooManyVotes
            | Self::TooManyDevices
            | Self::TooManyEntries { .. }
            | Self::TooManyMinutes { .. }
            | Self::TrackTooLong { .. } => ErrorCode::LimitReached,
            Self::DuplicateTrack => ErrorCode::DuplicateTrack,
            Self::TrackCooldown { .. } | Self::ArtistCooldown { .. } => ErrorCode::Cooldown,
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
            Self::TakenAway { action } => {
                return write!(f, "The host decided that you may not {}.", action.phrase());
            }
            Self::AboveYou => "Only the host decides about co-hosts.",
            Self::Banned => "You may not return to this room.",
            Self::Waiting => "You are waiting to be let in.",
            Self::RoomLocked => "This room is locked: nobody new comes in.",
            Self::AccountNeeded => "This room is for people with an account.",
            Self::NotAdmitted => "You were not let in.",
            Self::LobbyFull => "Too many people are waiting to be let in.",
            Self::NobodyWaits => "They are not waiting to be let in any more.",
            Self::TooManyBanned => "Too many people are banned: unban somebody first.",
            Self::NotBanned => "They are not banned.",
            Self::BannedMeanwhile => "They were banned since: unban them instead.",
            Self::NoSuchSuggestion => "That suggestion is not there any more.",
            Self::TooManySuggestions => "Too many suggestions are waiting for approval.",
            Self::TooManyDevices => "So many devices cannot be chosen one by one.",
            Self::TooManyEntries { max } => return write!(f, "Everybody may have {max} tracks waiting here."),
            Self::TooManyMinutes { max } => {
                return write!(f, "Everybody may have {max} minutes of music waiting here.");
            }
            Self::DuplicateTrack => "That track is waiting or playing already.",
            Self::TrackCooldown { left_ms } => {
                return write!(
                    f,
                    "That track was played a short time ago. It may come again in {} min.",
                    minutes(*left_ms)
                );
            }
            Self::ArtistCooldown { left_ms } => {
                return write!(
                    f,
                    "That artist was played a short time ago. They may come again in {} min.",
                    minutes(*left_ms)
                );
            }
            Self::TrackTooLong { max_ms } => {
                return write!(f, "Tracks may be {}:{:02} long here.", max_ms / 60_000, max_ms / 1_000 % 60);
            }
            Self::Explicit => "This room plays nothing explicit.",
            Self::BadSetting { setting } => return write!(f, "{setting} cannot have this value."),
            Self::FixedAction => "Who may do that cannot be changed.",
            Self::NoSuchVote => "A vote is for something, against it, or taken back.",
            Self::OwnTrack => "You cannot vote for your own track.",
            Self::TooManyVotes => "That track has as many votes as it can have.",
            Self::NoSkippingByVote => "Nothing is skipped by votes in this room.",
            Self::NotInWaitlist => "You are not in a line of those who want to play.",
            Self::NothingToUndo => "That cannot be undone any more.",
            Self::HostIsHere => "The host is here.",
            Self::ClaimTooEarly { left_ms } => {
                return write!(f, "The host may still come back. You can take over in {} min.", minutes(*left_ms));
            }
            Self::NotClaimable => "The host wants nobody to take this room over.",
            Self::Muted => "You are muted: nobody would hear you.",
            Self::NotSayable { chars_max } => return write!(f, "That has 1 to {chars_max} characters on one line."),
        };
        f.write_str(sentence)
    }
}

/// Whole minutes, at least one.
fn minutes(duration_ms: u64) -> u64 {
    duration_ms.div_ceil(60_000).max(1)
}
