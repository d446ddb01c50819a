//! Refusals: expected, typed, sent to the member; never a fault of the server.

use std::fmt;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Action, ErrorCode, Reason, ReasonValues, Role, reason_values};

use crate::{OUTPUT_DEVICES_MAX, SCREENS_MAX};

/// Why an input is refused. Servers that share rooms send it to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Refusal {
    /// The room is closed.
    RoomClosed,
    /// The sender is not a member.
    NotAMember,
    /// The sender's role is too low.
    RoleTooLow {
        /// The action.
        action: Action,
        /// The lowest role that may do it.
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
    /// Nothing is playing.
    NothingOn,
    /// The entry that was meant is over.
    EntryOver,
    /// The track that was reported as unplayable plays.
    TrackPlays,
    /// The position is beyond the end of the track.
    BeyondTheEnd,
    /// The target is the sender.
    NotOneself,
    /// The host cannot be removed, demoted, or leave: the room is handed over or closed.
    HostStays,
    /// `host` cannot be given as a role: the room is handed over.
    HandOverInstead,
    /// The member's queue is full.
    QueueFull,
    /// The room's queue is full.
    RoomQueueFull,
    /// The room is full.
    RoomFull,
    /// An exception takes the permission from this member.
    PermissionWithheld {
        /// What.
        action: Action,
    },
    /// Only the host acts on co-hosts.
    OnlyTheHost,
    /// The identity is banned.
    Banned,
    /// The person is in the lobby.
    InLobby,
    /// The room is locked.
    RoomLocked,
    /// The room admits accounts only.
    AccountNeeded,
    /// The person was denied.
    NotAdmitted,
    /// The lobby is full.
    LobbyFull,
    /// The identity is not in the lobby.
    NotInLobby,
    /// Too many identities are banned.
    TooManyBanned,
    /// The identity is not banned.
    NotBanned,
    /// The kicked member was banned since.
    BannedMeanwhile,
    /// No such suggestion.
    NoSuchSuggestion,
    /// Too many suggestions wait.
    TooManySuggestions,
    /// More devices than an output may list.
    TooManyDevices,
    /// The host's limit of queued entries.
    TooManyEntries {
        /// The limit.
        max: u32,
    },
    /// The host's limit of queued music.
    TooManyMinutes {
        /// The limit.
        max: u32,
    },
    /// The track is queued or playing already.
    DuplicateTrack,
    /// The track was played a short time ago.
    TrackCooldown {
        /// Remaining cooldown.
        left_ms: u64,
    },
    /// One of the track's artists was played a short time ago.
    ArtistCooldown {
        /// Remaining cooldown.
        left_ms: u64,
    },
    /// The host's limit of the length of a track.
    TrackTooLong {
        /// The limit.
        max_ms: u64,
    },
    /// The room refuses explicit tracks.
    ExplicitTrack,
    /// The host blocked the track.
    TrackBlocked,
    /// The host blocked an artist of the track.
    ArtistBlocked,
    /// Invalid value of a setting.
    #[serde(skip)]
    BadSetting {
        /// Which.
        #[serde(skip)]
        setting: &'static str,
    },
    /// The lowest role of the action is fixed.
    FixedAction,
    /// A vote is 1, 0 or -1.
    BadVote,
    /// Members do not vote for their own entries.
    OwnTrack,
    /// The entry has the maximum number of votes.
    TooManyVotes,
    /// Votes skip nothing in this room.
    SkipVotesOff,
    /// The sender is not in the waitlist.
    NotInWaitlist,
    /// Nothing can be undone.
    NothingToUndo,
    /// The host is connected.
    HostIsHere,
    /// The host has not been gone for long enough.
    ClaimTooEarly {
        /// Remaining time.
        left_ms: u64,
    },
    /// Claiming is turned off.
    ClaimingOff,
    /// The screen is not paired with the room.
    NoSuchScreen,
    /// The room has as many screens as it may.
    TooManyScreens,
    /// The sender is muted.
    Muted,
    /// Empty, too long, or on several lines.
    BadText {
        /// The limit.
        chars_max: usize,
    },
}

impl Refusal {
    /// The reason on the wire.
    pub fn reason(&self) -> Reason {
        match self {
            Self::RoomClosed => Reason::RoomClosed,
            Self::NotAMember => Reason::NotAMember,
            Self::RoleTooLow { .. } => Reason::RoleTooLow,
            Self::NoSuchMember => Reason::NoSuchMember,
            Self::NoSuchEntry => Reason::NoSuchEntry,
            Self::NoSuchTrack => Reason::NoSuchTrack,
            Self::NotTheSameQueue => Reason::NotTheSameQueue,
            Self::AboutToStart => Reason::AboutToStart,
            Self::NothingOn => Reason::NothingOn,
            Self::EntryOver => Reason::EntryOver,
            Self::TrackPlays => Reason::TrackPlays,
            Self::BeyondTheEnd => Reason::BeyondTheEnd,
            Self::NotOneself => Reason::NotOneself,
            Self::HostStays => Reason::HostStays,
            Self::HandOverInstead => Reason::HandOverInstead,
            Self::QueueFull => Reason::QueueFull,
            Self::RoomQueueFull => Reason::RoomQueueFull,
            Self::RoomFull => Reason::RoomFull,
            Self::PermissionWithheld { .. } => Reason::PermissionWithheld,
            Self::OnlyTheHost => Reason::OnlyTheHost,
            Self::Banned => Reason::Banned,
            Self::InLobby => Reason::InLobby,
            Self::RoomLocked => Reason::RoomLocked,
            Self::AccountNeeded => Reason::AccountNeeded,
            Self::NotAdmitted => Reason::NotAdmitted,
            Self::LobbyFull => Reason::LobbyFull,
            Self::NotInLobby => Reason::NotInLobby,
            Self::TooManyBanned => Reason::TooManyBanned,
            Self::NotBanned => Reason::NotBanned,
            Self::BannedMeanwhile => Reason::BannedMeanwhile,
            Self::NoSuchSuggestion => Reason::NoSuchSuggestion,
            Self::TooManySuggestions => Reason::TooManySuggestions,
            Self::TooManyDevices => Reason::TooManyDevices,
            Self::TooManyEntries { .. } => Reason::TooManyEntries,
            Self::TooManyMinutes { .. } => Reason::TooManyMinutes,
            Self::DuplicateTrack => Reason::DuplicateTrack,
            Self::TrackCooldown { .. } => Reason::TrackCooldown,
            Self::ArtistCooldown { .. } => Reason::ArtistCooldown,
            Self::TrackTooLong { .. } => Reason::TrackTooLong,
            Self::ExplicitTrack => Reason::ExplicitTrack,
            Self::TrackBlocked => Reason::TrackBlocked,
            Self::ArtistBlocked => Reason::ArtistBlocked,
            Self::BadSetting { .. } => Reason::BadSetting,
            Self::FixedAction => Reason::FixedAction,
            Self::BadVote => Reason::BadVote,
            Self::OwnTrack => Reason::OwnTrack,
            Self::TooManyVotes => Reason::TooManyVotes,
            Self::SkipVotesOff => Reason::SkipVotesOff,
            Self::NotInWaitlist => Reason::NotInWaitlist,
            Self::NothingToUndo => Reason::NothingToUndo,
            Self::HostIsHere => Reason::HostIsHere,
            Self::ClaimTooEarly { .. } => Reason::ClaimTooEarly,
            Self::ClaimingOff => Reason::ClaimingOff,
            Self::NoSuchScreen => Reason::NoSuchScreen,
            Self::TooManyScreens => Reason::TooManyScreens,
            Self::Muted => Reason::Muted,
            Self::BadText { .. } => Reason::BadText,
        }
    }

    /// The code on the wire.
    pub fn code(&self) -> ErrorCode {
        self.reason().code()
    }

    /// Values for a sentence about the reason.
    pub fn values(&self) -> ReasonValues {
        match self {
            Self::RoleTooLow { action, needs } => {
                reason_values([("action", action.as_str().into()), ("lowest_role", needs.as_str().into())])
            }
            Self::PermissionWithheld { action } => reason_values([("action", action.as_str().into())]),
            Self::TooManyDevices => reason_values([("max", (OUTPUT_DEVICES_MAX as u64).into())]),
            Self::TooManyScreens => reason_values([("max", (SCREENS_MAX as u64).into())]),
            Self::TooManyEntries { max } | Self::TooManyMinutes { max } => {
                reason_values([("max", u64::from(*max).into())])
            }
            Self::TrackCooldown { left_ms } | Self::ArtistCooldown { left_ms } | Self::ClaimTooEarly { left_ms } => {
                reason_values([("left_ms", (*left_ms).into())])
            }
            Self::TrackTooLong { max_ms } => reason_values([("max_ms", (*max_ms).into())]),
            Self::BadSetting { setting } => reason_values([("setting", (*setting).into())]),
            Self::BadText { chars_max } => reason_values([("max", (*chars_max as u64).into())]),
            _ => ReasonValues::new(),
        }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentence = match self {
            Self::RoomClosed => "This room is closed.",
            Self::NotAMember => "You are not in this room any more.",
            Self::RoleTooLow { action, needs } => {
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
            Self::EntryOver => "That track is over already.",
            Self::TrackPlays => "The server can play this track: the problem is on this device.",
            Self::BeyondTheEnd => "That is beyond the end of the track.",
            Self::NotOneself => "You cannot do that to yourself.",
            Self::HostStays => "The host cannot go: hand the room over, or close it.",
            Self::HandOverInstead => "There is one host: hand the room over instead.",
            Self::QueueFull => "Your queue is full.",
            Self::RoomQueueFull => "The room's queue is full.",
            Self::RoomFull => "The room is full.",
            Self::PermissionWithheld { action } => {
                return write!(f, "The host decided that you may not {}.", action.phrase());
            }
            Self::OnlyTheHost => "Only the host decides about co-hosts.",
            Self::Banned => "You may not return to this room.",
            Self::InLobby => "You are waiting to be let in.",
            Self::RoomLocked => "This room is locked: nobody new comes in.",
            Self::AccountNeeded => "This room is for people with an account.",
            Self::NotAdmitted => "You were not let in.",
            Self::LobbyFull => "Too many people are waiting to be let in.",
            Self::NotInLobby => "They are not waiting to be let in any more.",
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
            Self::ExplicitTrack => "This room plays nothing explicit.",
            Self::TrackBlocked => "The host blocked that track in this room.",
            Self::ArtistBlocked => "The host blocked that artist in this room.",
            Self::BadSetting { setting } => return write!(f, "{setting} cannot have this value."),
            Self::FixedAction => "Who may do that cannot be changed.",
            Self::BadVote => "A vote is for something, against it, or taken back.",
            Self::OwnTrack => "You cannot vote for your own track.",
            Self::TooManyVotes => "That track has as many votes as it can have.",
            Self::SkipVotesOff => "Nothing is skipped by votes in this room.",
            Self::NotInWaitlist => "You are not in a line of those who want to play.",
            Self::NothingToUndo => "That cannot be undone any more.",
            Self::HostIsHere => "The host is here.",
            Self::ClaimTooEarly { left_ms } => {
                return write!(f, "The host may still come back. You can take over in {} min.", minutes(*left_ms));
            }
            Self::ClaimingOff => "The host wants nobody to take this room over.",
            Self::NoSuchScreen => "That screen is not connected to this room any more.",
            Self::TooManyScreens => "The room has as many screens as it can have: remove one first.",
            Self::Muted => "You are muted: nobody would hear you.",
            Self::BadText { chars_max } => return write!(f, "That has 1 to {chars_max} characters on one line."),
        };
        f.write_str(sentence)
    }
}

/// Whole minutes, at least one.
fn minutes(duration_ms: u64) -> u64 {
    duration_ms.div_ceil(60_000).max(1)
}
