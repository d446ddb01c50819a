//! Bodies of `/api/v1`.

use serde::{Deserialize, Serialize};

use crate::code::ErrorCode;
use crate::id::{RoomCode, UserId};
use crate::room::{Provider, Track, UserKind};

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

body!(
    /// `POST auth/guest`.
    GuestRequest {
        /// 1 to 40 characters.
        display_name: String,
    }
);
body!(
    /// `POST auth/login`.
    LoginRequest {
        /// In any case.
        username: String,
        /// 8 to 72 bytes.
        password: String,
    }
);
body!(
    /// `POST auth/register`.
    RegisterRequest {
        /// 3 to 32 letters, digits, `.`, `_` or `-`; unique whatever the case.
        username: String,
        /// 8 to 72 bytes.
        password: String,
        /// 1 to 40 characters.
        display_name: String,
    }
);
body!(
    /// Somebody, to themselves.
    User {
        /// Durable identity.
        id: UserId,
        /// Guest or account.
        kind: UserKind,
        /// Shown to others.
        display_name: String,
        /// An account's login name.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
    }
);
body!(
    /// The answer of `auth/guest`, `auth/register`, `auth/login` and `auth/refresh`; the refresh token is a cookie.
    AuthResponse {
        /// Access JWT for `Authorization: Bearer` and `hello`.
        access_token: String,
        /// Seconds until it runs out.
        expires_in: u64,
        /// Who it speaks for.
        user: User,
    }
);
body!(
    /// `PATCH me`.
    UpdateMeRequest {
        /// 1 to 40 characters.
        display_name: String,
    }
);
body!(
    /// `POST rooms`.
    CreateRoomRequest {
        /// 1 to 60 characters.
        name: String,
        /// 1 to 64 characters; none: whoever has the code may enter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passcode: Option<String>,
    }
);
body!(
    /// What a room shows to those who are not in it: `POST rooms`, `GET rooms/{code}`, each of `GET me/rooms`.
    RoomSummary {
        /// Its code.
        code: RoomCode,
        /// Its name.
        name: String,
        /// Its host's display name.
        host_name: String,
        /// Whether a passcode is asked of newcomers.
        has_passcode: bool,
        /// Whether the asker is a member already.
        member: bool,
        /// When it was opened.
        created_at_ms: i64,
    }
);
body!(
    /// `GET me/rooms`.
    RoomList {
        /// Newest first.
        rooms: Vec<RoomSummary>,
    }
);
body!(
    /// `GET search`.
    SearchResponse {
        /// Best match first.
        tracks: Vec<Track>,
        /// Asks for the next page; `None` on the last.
        next_cursor: Option<String>,
    }
);
body!(
    /// `GET server`: what a client must know before anybody logs in.
    ServerDescription {
        /// Version of the server.
        version: String,
        /// Where guests reach it, without a trailing slash; what QR codes and shared links start with. `None`: wherever
        /// the page was opened.
        public_url: Option<String>,
        /// Which music there is to search.
        providers: Vec<Provider>,
    }
);
body!(
    /// `application/problem+json` (RFC 9457).
    Problem {
        /// `about:blank`: the code says it all.
        r#type: String,
        /// Of the status.
        title: String,
        /// HTTP status.
        status: u16,
        /// For people.
        detail: String,
        /// For programs.
        code: ErrorCode,
        /// Stands in the server's log beside what really happened.
        error_id: String,
    }
);
