//! The tables of error codes and close codes.

use serde::{Deserialize, Serialize};

macro_rules! error_codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal, retry $retry:literal;)*) => {
        /// Why a command or a request was refused.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum ErrorCode {
            $($(#[$doc])* $name,)*
        }

        impl ErrorCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The value on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// Whether the same command may succeed later unchanged.
            pub fn retry(self) -> bool {
                match self { $(Self::$name => $retry,)* }
            }
        }
    };
}

error_codes! {
    /// The sender's role does not allow it, or the credentials do not.
    Forbidden = "forbidden", retry false;
    /// There is no such room, member, entry, track, or page.
    NotFound = "not_found", retry false;
    /// Malformed, or unknown to this server.
    Invalid = "invalid", retry false;
    /// Conflicts with the current state, such as a taken name or an idle timeline.
    Conflict = "conflict", retry false;
    /// A limit is reached.
    LimitReached = "limit_reached", retry false;
    /// The same track is already queued.
    DuplicateTrack = "duplicate_track", retry false;
    /// The track or artist was played a short time ago.
    Cooldown = "cooldown", retry true;
    /// The server cannot store anything at the moment.
    Unavailable = "unavailable", retry true;
    /// Too many requests.
    RateLimited = "rate_limited", retry true;
    /// Needs Spotify Premium.
    PremiumRequired = "premium_required", retry false;
    /// The Spotify authorization has expired: the member must log in there again.
    NeedsLogin = "needs_login", retry false;
    /// Too large.
    TooLarge = "too_large", retry false;
    /// An error of the server, which is in its log.
    Internal = "internal", retry true;
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        /// Why the server closed a WebSocket. 4000–4499: reconnect with full-jitter backoff. 4500–4999: do not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum CloseCode {
            $($(#[$doc])* $name = $code,)*
        }

        impl CloseCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The reason text of the close frame.
            pub fn reason(self) -> &'static str {
                match self { $(Self::$name => $reason,)* }
            }

            /// The name in generated code.
            pub fn name(self) -> &'static str {
                match self { $(Self::$name => stringify!($name),)* }
            }
        }
    };
}

close_codes! {
    /// The server is stopping or being replaced.
    GoingAway = 4001, "going away";
    /// An error of the server, which is in its log.
    Internal = 4002, "internal error";
    /// The access token expired: refresh it, then reconnect.
    TokenExpired = 4003, "token expired";
    /// The client was silent for too long.
    HeartbeatMissed = 4004, "heartbeat missed";
    /// The client reads too slowly for even a snapshot.
    TooSlow = 4005, "too slow";
    /// The server is overloaded.
    TryLater = 4006, "try later";
    /// Another node serves the room now.
    RoomMoved = 4007, "room moved";
    /// The person is in the lobby: reconnect every few seconds, without backoff, until a decision.
    Waiting = 4008, "waiting to be let in";
    /// Too many connections, or too many new ones, of the client's network.
    NetworkBusy = 4009, "network busy";
    /// The room has no place for another member.
    RoomFull = 4010, "room full";
    /// The lobby has no place for another person.
    LobbyFull = 4011, "lobby full";
    /// The first frame was not a proper `hello`, or came too late.
    BadHello = 4500, "bad hello";
    /// The access token is not valid here.
    Unauthenticated = 4501, "unauthenticated";
    /// No room has this code.
    RoomNotFound = 4502, "room not found";
    /// The identity is banned.
    Banned = 4503, "banned";
    /// The member was kicked.
    Kicked = 4504, "kicked";
    /// The passcode is wrong or missing.
    PasscodeWrong = 4505, "passcode wrong";
    /// A frame that the contract does not allow.
    ProtocolViolation = 4506, "protocol violation";
    /// This identity or address has too many connections.
    TooManyConnections = 4507, "too many connections";
    /// The room is closed.
    RoomClosed = 4508, "room closed";
    /// The session was ended.
    SessionRevoked = 4509, "session revoked";
    /// The member left the room for good, on this device or another.
    Left = 4510, "left";
    /// The room is locked.
    RoomLocked = 4511, "room locked";
    /// The room admits accounts only.
    AccountNeeded = 4512, "account needed";
    /// The person was denied.
    NotAdmitted = 4513, "not admitted";
    /// The screen is not paired with the room, or not any more.
    ScreenNotPaired = 4514, "screen not paired";
}

impl CloseCode {
    /// The value on the wire.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Whether a client should reconnect by itself.
    pub fn reconnect(self) -> bool {
        self.code() < 4500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_serialize_as_in_the_table() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).expect("serializable"), code.as_str());
        }
    }

    #[test]
    fn close_codes_are_in_the_range_that_matches_reconnect() {
        for code in CloseCode::ALL {
            assert!((4000..5000).contains(&code.code()), "{code:?}");
            assert!(code.reason().len() <= 123, "a control frame holds 125 bytes: {code:?}");
        }
        assert!(CloseCode::TokenExpired.reconnect());
        assert!(!CloseCode::Kicked.reconnect());
    }

    #[test]
    fn the_readme_lists_every_code() {
        let readme = include_str!("../README.md");
        for close in CloseCode::ALL {
            let row = format!("| {} | {} |", close.code(), close.reason());
            assert!(readme.contains(&row), "{row}");
        }
        for code in ErrorCode::ALL {
            assert!(readme.contains(&format!("`{}`", code.as_str())), "{code:?}");
        }
    }
}
