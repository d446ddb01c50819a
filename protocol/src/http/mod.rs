//! Bodies of `/api/v1`. Those about people are in [`identity`], those about playing Spotify in [`spotify`].

use serde::{Deserialize, Serialize};

use crate::code::ErrorCode;
use crate::id::{ProviderId, RoomCode};
use crate::reason::{Reason, ReasonValues};
use crate::room::Track;
use crate::secret::Secret;

macro_rules! body {
    ($(#[$doc:meta])* $name:ident { $($(#[$field_doc:meta])* $field:ident: $type:ty,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub struct $name { $($(#[$field_doc])* pub $field: $type,)* }
    };
}

pub mod identity;
pub mod spotify;

pub use identity::*;
pub use spotify::*;

body!(
    /// `POST rooms`.
    CreateRoomRequest {
        /// 1 to 60 characters.
        name: String,
        /// 1 to 64 characters; none: whoever has the code may enter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passcode: Option<Secret>,
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
        /// True when the provider cannot be asked at all: it needs an account, and nobody who could lend theirs has a link that
        /// works.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        closed: bool,
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
        providers: Vec<ProviderId>,
        /// Logging in with Spotify; absent: it is not set up here.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spotify: Option<SpotifyServer>,
    }
);
body!(
    /// What a client must know to offer Spotify.
    SpotifyServer {
        /// The origin that Spotify sends people back to, such as `https://tutti.example`: a login must begin there, or its
        /// cookies are not seen again.
        origin: String,
        /// Where the script of the Web Playback SDK is.
        sdk_url: String,
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
        /// The exact reason, where there is one, for a page to have its own sentence about.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// What a sentence about it needs.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        values: ReasonValues,
    }
);
