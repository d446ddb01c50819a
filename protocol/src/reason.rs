//! Why a command or a request was refused, exactly: one table of reasons, each with its error code and the values that
//! a sentence about it needs. A page has its own sentence for each; `message` and `detail` are English for other
//! programs.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::code::ErrorCode;

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal, $code:ident $([$($value:literal),*])?;)*) => {
        /// The exact reason of a refusal.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub enum Reason {
            $($(#[$doc])* #[serde(rename = $text)] $name,)*
        }

        impl Reason {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// The error code that it is sent with.
            pub fn code(self) -> ErrorCode {
                match self { $(Self::$name => ErrorCode::$code,)* }
            }

            /// The names of the values that are sent with it.
            pub fn value_names(self) -> &'static [&'static str] {
                match self { $(Self::$name => &[$($($value),*)?],)* }
            }
        }
    };
}

reasons! {
    /// The room is closed.
    RoomClosed = "room_closed", Conflict;
    /// The sender is not a member of the room any more.
    NotAMember = "not_a_member", Forbidden;
    /// The sender's role is below the lowest one that may do it.
    RoleTooLow = "role_too_low", Forbidden ["action", "lowest_role"];
    /// The host made an exception: this member may not do it.
    PermissionWithheld = "permission_withheld", Forbidden ["action"];
    /// Only the host acts on co-hosts.
    OnlyTheHost = "only_the_host", Forbidden;
    /// The member is not in the room.
    NoSuchMember = "no_such_member", NotFound;
    /// The entry is in no queue.
    NoSuchEntry = "no_such_entry", NotFound;
    /// The provider does not know the track.
    NoSuchTrack = "no_such_track", NotFound;
    /// `before` is not an entry of the same queue.
    NotTheSameQueue = "not_the_same_queue", Invalid;
    /// The entry starts within seconds.
    AboutToStart = "about_to_start", Conflict;
    /// Nothing is on.
    NothingOn = "nothing_on", Conflict;
    /// The entry that was meant is over.
    EntryOver = "entry_over", Conflict;
    /// The position is beyond the end of the track.
    BeyondTheEnd = "beyond_the_end", Invalid;
    /// A member cannot do this to themselves.
    NotOneself = "not_oneself", Invalid;
    /// The host cannot be removed, demoted, or leave.
    HostStays = "host_stays", Conflict;
    /// The role of host is given by handing the room over.
    HandOverInstead = "hand_over_instead", Invalid;
    /// The member's queue has as many entries as any may have.
    QueueFull = "queue_full", LimitReached;
    /// The room has as many entries waiting as it may.
    RoomQueueFull = "room_queue_full", LimitReached;
    /// The room has as many members as it may.
    RoomFull = "room_full", LimitReached;
    /// This identity is banned.
    Banned = "banned", Forbidden;
    /// The person waits in the lobby.
    InLobby = "in_lobby", Forbidden;
    /// The room is locked.
    RoomLocked = "room_locked", Forbidden;
    /// The room admits accounts only.
    AccountNeeded = "account_needed", Forbidden;
    /// The person was turned away.
    NotAdmitted = "not_admitted", Forbidden;
    /// The lobby is full.
    LobbyFull = "lobby_full", LimitReached;
    /// This identity does not wait in the lobby.
    NotInLobby = "not_in_lobby", NotFound;
    /// As many identities are banned as may be.
    TooManyBanned = "too_many_banned", LimitReached;
    /// This identity is not banned.
    NotBanned = "not_banned", NotFound;
    /// The kicked member was banned since.
    BannedMeanwhile = "banned_meanwhile", Conflict;
    /// The suggestion is not there any more.
    NoSuchSuggestion = "no_such_suggestion", NotFound;
    /// As many suggestions wait as may.
    TooManySuggestions = "too_many_suggestions", LimitReached;
    /// More devices than an output may name.
    TooManyDevices = "too_many_devices", LimitReached ["max"];
    /// The host's limit of entries that a member may have waiting.
    TooManyEntries = "too_many_entries", LimitReached ["max"];
    /// The host's limit of minutes of music that a member may have waiting.
    TooManyMinutes = "too_many_minutes", LimitReached ["max"];
    /// The track waits already or is on.
    DuplicateTrack = "duplicate_track", DuplicateTrack;
    /// The track was played a short time ago.
    TrackCooldown = "track_cooldown", Cooldown ["left_ms"];
    /// One of the track's artists was played a short time ago.
    ArtistCooldown = "artist_cooldown", Cooldown ["left_ms"];
    /// The track is longer than the host allows.
    TrackTooLong = "track_too_long", LimitReached ["max_ms"];
    /// The track is explicit, and the room takes none.
    ExplicitTrack = "explicit_track", Forbidden;
    /// The host blocked the track.
    TrackBlocked = "track_blocked", Forbidden;
    /// The host blocked an artist of the track.
    ArtistBlocked = "artist_blocked", Forbidden;
    /// The setting may not have this value.
    BadSetting = "bad_setting", Invalid ["setting"];
    /// The lowest role for this action is fixed.
    FixedAction = "fixed_action", Invalid;
    /// A vote is 1, 0 or -1.
    BadVote = "bad_vote", Invalid;
    /// Members do not vote for their own entries.
    OwnTrack = "own_track", Invalid;
    /// The entry has as many votes as it may.
    TooManyVotes = "too_many_votes", LimitReached;
    /// Votes skip nothing in this room.
    SkipVotesOff = "skip_votes_off", Forbidden;
    /// The sender is not in the waitlist.
    NotInWaitlist = "not_in_waitlist", Conflict;
    /// Nothing that can be undone any more.
    NothingToUndo = "nothing_to_undo", NotFound;
    /// The host is connected, so the room cannot be claimed.
    HostIsHere = "host_is_here", Conflict;
    /// The host has not been gone for long enough.
    ClaimTooEarly = "claim_too_early", Conflict ["left_ms"];
    /// The room cannot be claimed.
    ClaimingOff = "claiming_off", Forbidden;
    /// The screen is not paired with the room.
    NoSuchScreen = "no_such_screen", NotFound;
    /// The room has as many screens as it may.
    TooManyScreens = "too_many_screens", LimitReached ["max"];
    /// A screen sends no commands.
    ScreenOnlyShows = "screen_only_shows", Forbidden;
    /// The sender is muted.
    Muted = "muted", Forbidden;
    /// The text is empty, too long, or on several lines.
    BadText = "bad_text", Invalid ["max"];

    /// The command is malformed, or this server does not know it.
    UnknownCommand = "unknown_command", Invalid;
    /// More commands than the connection may send.
    TooManyCommands = "too_many_commands", RateLimited;
    /// More tracks than a fallback playlist may have.
    TooManyTracks = "too_many_tracks", TooLarge ["max"];
    /// The room cannot store anything at the moment.
    NotStored = "not_stored", Unavailable;
    /// The provider needs an account that neither the sender nor the host has linked.
    ProviderNotLinked = "provider_not_linked", Forbidden ["provider"];
    /// The provider does not play this track here.
    TrackUnplayable = "track_unplayable", Invalid ["provider"];
    /// The server can play the track that was reported as unplayable.
    TrackPlays = "track_plays", Conflict;
    /// The track's file is no longer there.
    TrackGone = "track_gone", NotFound;
    /// The track ends before this segment.
    SegmentPastEnd = "segment_past_end", NotFound;
    /// The provider takes no more requests for a while.
    ProviderBusy = "provider_busy", RateLimited ["provider"];
    /// The provider cannot be reached.
    ProviderUnavailable = "provider_unavailable", Unavailable ["provider"];

    /// The account of the provider must be linked again.
    ProviderLoginNeeded = "provider_login_needed", NeedsLogin ["provider"];
    /// The provider plays only for accounts with a subscription.
    SubscriptionNeeded = "subscription_needed", PremiumRequired ["provider"];
    /// The provider does not let this account use the server's app.
    ProviderAccountNotAllowed = "provider_account_not_allowed", Forbidden ["provider"];
    /// No account of the provider is linked.
    NoLinkedAccount = "no_linked_account", NotFound ["provider"];
    /// The provider does not see the device.
    ProviderDeviceNotFound = "provider_device_not_found", NotFound ["provider"];
    /// The account of the provider is used elsewhere.
    ProviderAccountInUse = "provider_account_in_use", Conflict ["provider"];
    /// The provider cannot answer this search.
    BadSearch = "bad_search", Invalid ["provider"];

    /// The page, or the address that the request went to, is not one of this server's, as far as it knows.
    ForeignPage = "foreign_page", Forbidden;
    /// No room has this code.
    NoSuchRoom = "no_such_room", NotFound;
    /// The name of the room is empty or too long.
    BadRoomName = "bad_room_name", Invalid ["max"];
    /// The passcode is too short or too long.
    BadPasscode = "bad_passcode", Invalid ["min", "max"];
    /// The username is too short, too long, or has characters that are not allowed.
    BadUsername = "bad_username", Invalid ["min", "max"];
    /// The password has too few or too many bytes, or a NUL character.
    BadPassword = "bad_password", Invalid ["min", "max"];
    /// The password is one of the first that would be guessed.
    WeakPassword = "weak_password", Invalid ["min", "max"];
    /// The track is neither on nor coming up in a room of the user.
    TrackNotInRoom = "track_not_in_room", Forbidden;
    /// The display name is empty, too long, or has characters that are not allowed.
    BadDisplayName = "bad_display_name", Invalid ["max"];
    /// The username or the password is wrong.
    WrongCredentials = "wrong_credentials", Forbidden;
    /// The current password is wrong.
    WrongPassword = "wrong_password", Forbidden;
    /// The session is not valid any more.
    LoginNeeded = "login_needed", Forbidden;
    /// Another account has this username.
    UsernameTaken = "username_taken", Conflict;
    /// The session belongs to an account already.
    AlreadyLoggedIn = "already_logged_in", Conflict;
    /// The provider's account is linked to another user.
    LinkedElsewhere = "linked_elsewhere", Conflict;
    /// The user, or one who was logged in on this device, is banned from the server.
    BannedFromServer = "banned_from_server", Forbidden;
    /// The server admits no new guests.
    GuestsOff = "guests_off", Forbidden;
    /// The server takes no new accounts.
    RegistrationClosed = "registration_closed", Forbidden;
    /// The server takes new accounts by invitation.
    InvitationNeeded = "invitation_needed", Forbidden;
    /// The invitation was used or withdrawn, or has expired.
    InvitationVoid = "invitation_void", NotFound;
    /// Accounts may open rooms, guests may not.
    RoomsForAccounts = "rooms_for_accounts", Forbidden;
    /// Operators may open rooms, others may not.
    RoomsForOperators = "rooms_for_operators", Forbidden;
    /// Only operators may do it.
    NotAnOperator = "not_an_operator", Forbidden;
    /// Operators are changed from the command line only.
    OperatorProtected = "operator_protected", Conflict;
    /// No user has this id.
    NoSuchPerson = "no_such_person", NotFound;
    /// The user has no user name and password.
    NoPassword = "no_password", Conflict;
    /// The link was used or replaced, or has expired.
    LinkVoid = "link_void", NotFound;
    /// No device of a user shows this code.
    NoSuchDeviceCode = "no_such_device_code", NotFound;
    /// Another device has used the code.
    DeviceCodeUsed = "device_code_used", NotFound;
    /// The code was valid for a few minutes, or until the device that showed it took it back.
    DeviceCodeExpired = "device_code_expired", NotFound;
}

/// The values of a reason, by name.
pub type ReasonValues = BTreeMap<String, ReasonValue>;

/// A value of a reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(untagged)]
pub enum ReasonValue {
    /// A count or a duration.
    Number(u64),
    /// A name on the wire: of an action, a role, a setting, a provider.
    Name(String),
}

impl From<u64> for ReasonValue {
    fn from(number: u64) -> Self {
        Self::Number(number)
    }
}

impl From<&str> for ReasonValue {
    fn from(name: &str) -> Self {
        Self::Name(name.to_owned())
    }
}

/// Values by name.
pub fn reason_values<const N: usize>(values: [(&str, ReasonValue); N]) -> ReasonValues {
    values.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_snake_case_on_the_wire_as_in_the_table() {
        for reason in Reason::ALL {
            let name = reason.as_str();
            assert_eq!(serde_json::to_value(reason).expect("JSON"), name);
            assert!(name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'), "{name}");
        }
    }

    #[test]
    fn values_are_plain_numbers_and_strings() {
        let values = reason_values([("left_ms", 60_000.into()), ("setting", "policy".into())]);
        let text = serde_json::to_string(&values).expect("JSON");
        assert_eq!(text, r#"{"left_ms":60000,"setting":"policy"}"#);
        assert_eq!(serde_json::from_str::<ReasonValues>(&text).expect("reads"), values);
    }
}
