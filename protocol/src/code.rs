//! Every error code and every close code, one table each.

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

            /// As it stands on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            /// True when the same command may succeed later without anything being changed about it.
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
    /// It does not have the form that it must have, or is not known here.
    Invalid = "invalid", retry false;
    /// It does not fit what is there now: a name taken, a timeline that is idle.
    Conflict = "conflict", retry false;
    /// A bound of the room is reached.
    LimitReached = "limit_reached", retry false;
    /// The same track is already waiting.
    DuplicateTrack = "duplicate_track", retry false;
    /// The track or artist was played a short time ago.
    Cooldown = "cooldown", retry true;
    /// The server cannot make anything durable at the moment.
    Unavailable = "unavailable", retry true;
    /// Too many in too short a time.
    RateLimited = "rate_limited", retry true;
    /// Only with Spotify Premium.
    PremiumRequired = "premium_required", retry false;
    /// Spotify no longer takes the agreement that the member gave: they must log in there again.
    NeedsLogin = "needs_login", retry false;
    /// Larger than it may be.
    TooLarge = "too_large", retry false;
    /// The server's fault; it is in the log.
    Internal = "internal", retry true;
}

macro_rules! close_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $reason:literal;)*) => {
        /// Why the server closed a WebSocket. 4000–4499: come back, with full-jitter backoff. 4500–4999: do not.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum CloseCode {
            $($(#[$doc])* $name = $code,)*
        }

        impl CloseCode {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The reason that is sent along, for people who read traffic.
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
    /// The server stops or is being replaced.
    GoingAway = 4001, "going away";
    /// The server's fault; it is in the log.
    Internal = 4002, "internal error";
    /// The access token ran out: refresh it, then return.
    TokenExpired = 4003, "token expired";
    /// Nothing was heard from the client for too long.
    HeartbeatMissed = 4004, "heartbeat missed";
    /// Not even a snapshot could be delivered.
    TooSlow = 4005, "too slow";
    /// The server is overloaded.
    TryLater = 4006, "try later";
    /// Another node has the room now.
    RoomMoved = 4007, "room moved";
    /// The person waits in the lobby: come back every few seconds, without backing off, to see whether they were let in.
    Waiting = 4008, "waiting to be let in";
    /// The first frame was not a proper `hello`, or came too late.
    BadHello = 4500, "bad hello";
    /// The access token is not valid here.
    Unauthenticated = 4501, "unauthenticated";
    /// There is no such room.
    RoomNotFound = 4502, "room not found";
    /// The member may not return.
    Banned = 4503, "banned";
    /// The member was sent out.
    Kicked = 4504, "kicked";
    /// The room has a passcode and it was not this one.
    PasscodeWrong = 4505, "passcode wrong";
    /// A frame that the contract does not allow.
    ProtocolViolation = 4506, "protocol violation";
    /// This identity or address holds too many sockets.
    TooManyConnections = 4507, "too many connections";
    /// The room is over.
    RoomClosed = 4508, "room closed";
    /// The session was ended.
    SessionRevoked = 4509, "session revoked";
    /// The member left the room for good, on this device or another.
    Left = 4510, "left";
    /// Nobody new may enter.
    RoomLocked = 4511, "room locked";
    /// Only people with accounts may enter.
    AccountNeeded = 4512, "account needed";
    /// Somebody in the room turned the person away.
    NotAdmitted = 4513, "not admitted";
}

impl CloseCode {
    /// As it stands on the wire.
    pub fn code(self) -> u16 {
        self as u16
    }

    /// Whether a client should come back by itself.
    pub fn reconnect(self) -> bool {
        self.code() < 4500
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn error_codes_are_spelled_on_the_wire_as_in_the_table() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).expect("serializable"), code.as_str());
        }
    }

    #[test]
    fn close_codes_lie_in_the_ranges_that_say_whether_to_return() {
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
