//! Bodies of `/api/v1`. [`identity`] has those about users, [`operator`] those for operators, [`screen`] those about
//! screens, [`spotify`] those about playing Spotify.

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

/// An enum of names: on the wire, and where they are stored or in an address.
macro_rules! choices {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        pub enum $name { $($(#[$variant_doc])* #[serde(rename = $text)] $variant,)* }

        impl $name {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The name on the wire.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $text,)* }
            }

            /// The one with this name.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some(Self::$variant),)* _ => None }
            }
        }
    };
}

pub mod identity;
pub mod operator;
pub mod screen;
pub mod spotify;

pub use identity::*;
pub use operator::*;
pub use screen::*;
pub use spotify::*;

body!(
    /// `POST rooms`.
    CreateRoomRequest {
        /// 1 to 60 characters.
        name: String,
        /// 4 to 64 characters; absent: the code is enough to enter.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passcode: Option<Secret>,
        /// The room's setting of the same name.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        wait_for_listener: bool,
    }
);
body!(
    /// What people outside a room see of it: `POST rooms`, `GET rooms/{code}`, each of `GET me/rooms`.
    RoomSummary {
        /// Its code.
        code: RoomCode,
        /// Its name.
        name: String,
        /// Its host's display name.
        host_name: String,
        /// Whether newcomers need a passcode.
        has_passcode: bool,
        /// Whether the caller is a member.
        member: bool,
        /// When it was created.
        created_at_ms: i64,
    }
);
body!(
    /// `GET rooms/{code}/passcode`.
    RoomPasscode {
        /// Whether newcomers need one.
        has_passcode: bool,
        /// The passcode; absent for members who may not `see_passcode`, and when the server knows only its hash.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        passcode: Option<Secret>,
    }
);
body!(
    /// `PUT rooms/{code}/passcode`.
    SetPasscodeRequest {
        /// 4 to 64 characters.
        passcode: Secret,
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
        /// The cursor of the next page; `None` on the last.
        next_cursor: Option<String>,
        /// True when the provider cannot be searched: it needs a linked account, and neither the caller nor the host
        /// has one that works.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        closed: bool,
    }
);
/// What a provider's tracks are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum BrowseKind {
    /// An artist; "Various Artists" for compilations.
    Artist,
    /// An album.
    Album,
    /// A genre.
    Genre,
    /// A folder of files.
    Folder,
}

body!(
    /// A group of tracks.
    BrowseItem {
        /// What it is.
        kind: BrowseKind,
        /// Opaque and stable.
        id: String,
        /// Its name; of a folder, without the folders around it.
        name: String,
        /// The artist of an album.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        artist: Option<String>,
        /// The year of an album.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        year: Option<u32>,
        /// Tracks in it, also in folders below it.
        tracks: u32,
        /// The cover of an album, as a URL on this server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        art_url: Option<String>,
    }
);
body!(
    /// `GET browse`: one page of a list, groups before tracks.
    BrowseResponse {
        /// Groups, in order.
        items: Vec<BrowseItem>,
        /// Tracks, in order: those of an album by disc and number.
        tracks: Vec<Track>,
        /// The cursor of the next page; `None` on the last.
        next_cursor: Option<String>,
    }
);
body!(
    /// `GET server`: what a client needs before login.
    ServerDescription {
        /// Version of the server.
        version: String,
        /// The base URL of QR codes and shared links, without a trailing slash. `None`: the origin of the page.
        public_url: Option<String>,
        /// Base URLs at which other devices of the local network reach the server, the most likely one first. Empty when
        /// only its own machine reaches it, with a public URL, and for clients from elsewhere.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        addresses: Vec<String>,
        /// The configured providers.
        providers: Vec<ProviderId>,
        /// Of these, the ones whose tracks this server serves as audio.
        #[serde(default)]
        files: Vec<ProviderId>,
        /// Those of them that can be browsed.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        browsable: Vec<ProviderId>,
        /// Login with Spotify; absent when it is not configured.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        spotify: Option<SpotifyServer>,
        /// Who may enter, and who may open rooms.
        #[serde(default)]
        switches: Switches,
    }
);
body!(
    /// What a client needs to offer Spotify.
    SpotifyServer {
        /// The origin of the redirect URI, such as `https://tutti.example`: a login must start there, or its cookies
        /// are not sent back.
        origin: String,
        /// URL of the Web Playback SDK script.
        sdk_url: String,
    }
);
body!(
    /// `application/problem+json` (RFC 9457).
    Problem {
        /// `about:blank`: see `code`.
        r#type: String,
        /// The standard phrase for the status.
        title: String,
        /// HTTP status.
        status: u16,
        /// An English sentence.
        detail: String,
        /// The kind of error.
        code: ErrorCode,
        /// Identifies the cause in the server's log.
        error_id: String,
        /// The exact reason, if there is one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<Reason>,
        /// Values for a sentence about it.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        values: ReasonValues,
    }
);
