//! Bodies about people: coming in, sessions, people on one device, Spotify.
//!
//! Several people can share a device, each in a **slot** of their own (0 to 7), each with a cookie of their own. Requests to
//! `auth/*` name the slot in the header [`SLOT_HEADER`]; without it, slot 0 is meant.

use serde::{Deserialize, Serialize};

use crate::id::{SessionId, UserId};
use crate::room::UserKind;
use crate::secret::Secret;

/// Names the slot that a request to `auth/*` acts for: a number, or [`SLOT_NEW`].
pub const SLOT_HEADER: &str = "tutti-slot";
/// Whoever comes in takes a slot that nobody uses.
pub const SLOT_NEW: &str = "new";
/// People who can share one device.
pub const SLOTS: u8 = 8;

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
        password: Secret,
    }
);
body!(
    /// `POST auth/register`. Whoever is in without a password, as a guest or by Spotify, stays who they are and gets one.
    RegisterRequest {
        /// 3 to 32 letters, digits, `.`, `_` or `-`; unique whatever the case.
        username: String,
        /// 8 to 72 bytes.
        password: Secret,
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
        /// The login name of an account that has a password.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        username: Option<String>,
        /// Path of a small picture of them, on this server.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        picture: Option<String>,
        /// Whether Spotify is linked.
        #[serde(default)]
        spotify: bool,
    }
);
body!(
    /// The answer of `auth/guest`, `auth/register`, `auth/login`, `auth/refresh` and `me/accounts/{slot}/activate`; the
    /// refresh token is a cookie.
    AuthResponse {
        /// Access JWT for `Authorization: Bearer` and `hello`.
        access_token: Secret,
        /// Seconds until it runs out.
        expires_in: u64,
        /// Who it speaks for.
        user: User,
        /// The slot that they are in.
        #[serde(default)]
        slot: u8,
    }
);
body!(
    /// `PATCH me`: what is absent stays as it is.
    UpdateMeRequest {
        /// 1 to 40 characters.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        display_name: Option<String>,
        /// A new password; all other sessions end.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        password: Option<PasswordChange>,
    }
);
body!(
    /// From one password to the next.
    PasswordChange {
        /// The one that holds now.
        current: Secret,
        /// 8 to 72 bytes.
        new: Secret,
    }
);
body!(
    /// `GET me/sessions`.
    SessionList {
        /// Last used first.
        sessions: Vec<SessionSummary>,
    }
);
body!(
    /// One login in one browser.
    SessionSummary {
        /// For `DELETE me/sessions/{id}`.
        id: SessionId,
        /// Whether it is the one that asks.
        current: bool,
        /// What the browser calls itself.
        user_agent: String,
        /// When they logged in.
        created_at_ms: i64,
        /// When it was last used, to within ten minutes.
        last_used_at_ms: i64,
    }
);
body!(
    /// `GET me/accounts`: who is in on this device. Known by the cookies alone.
    AccountList {
        /// By slot.
        accounts: Vec<DeviceAccount>,
        /// People who can share one device.
        slots_max: u8,
    }
);
body!(
    /// Somebody on this device.
    DeviceAccount {
        /// Where their cookie is.
        slot: u8,
        /// Who.
        user: User,
    }
);
body!(
    /// `GET me/spotify`, and the answer of everything that changes it.
    SpotifyStatus {
        /// Absent: no Spotify account is linked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<SpotifyLink>,
    }
);
body!(
    /// A linked Spotify account.
    SpotifyLink {
        /// What they are called there.
        display_name: String,
        /// Whether it can be used.
        state: SpotifyLinkState,
        /// When they last agreed.
        authorized_at_ms: i64,
        /// When Spotify forgets the agreement, whatever is done in between: six months after.
        expires_at_ms: i64,
        /// Whether that is so near that they should log in again now.
        expires_soon: bool,
        /// What is known of their subscription.
        premium: Premium,
    }
);
body!(
    /// What is known of a Spotify subscription.
    Premium {
        /// In a word.
        verdict: PremiumVerdict,
        /// What it rests on; absent: nothing yet.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<PremiumEvidence>,
        /// When that was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<i64>,
    }
);
body!(
    /// `POST me/spotify/evidence`: what the browser's player saw.
    SpotifyEvidenceRequest {
        /// Which of its events.
        event: SpotifyPlayerEvent,
    }
);
body!(
    /// `POST me/spotify/token`: for the player in this browser, for nobody else.
    SpotifyToken {
        /// Spotify's access token.
        access_token: Secret,
        /// Seconds until it runs out.
        expires_in: u64,
    }
);

/// Whether a link can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyLinkState {
    /// It can.
    Linked,
    /// Spotify no longer takes the agreement: it was revoked or is too old. They must log in again.
    NeedsLogin,
}

/// Whether somebody may play Spotify on their own device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PremiumVerdict {
    /// They may.
    Premium,
    /// They may not.
    NotPremium,
    /// Spotify does not say; trying shows.
    Unknown,
}

/// What a verdict rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PremiumEvidence {
    /// The profile says so.
    Profile,
    /// The player in the browser started, or was refused.
    Player,
    /// The Web API obeyed a command that needs Premium, or refused it.
    Command,
}

/// Events of Spotify's player in the browser that tell of a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyPlayerEvent {
    /// The player is connected.
    Ready,
    /// The account may not use it.
    AccountError,
}

macro_rules! outcomes {
    ($($(#[$doc:meta])* $name:ident = $text:literal;)*) => {
        /// How a login by Spotify ended: stands as `spotify=` in the query of the page that it leads back to, beside
        /// `slot=` when somebody is in.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
        #[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
        #[serde(rename_all = "snake_case")]
        pub enum SpotifyOutcome { $($(#[$doc])* $name,)* }

        impl SpotifyOutcome {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// As it stands in the query.
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

outcomes! {
    /// They are in, and Spotify is linked.
    Done = "done";
    /// They said no at Spotify.
    Denied = "denied";
    /// It took too long, was used before, or began in another browser.
    Expired = "expired";
    /// This Spotify account belongs to somebody else here.
    Taken = "taken";
    /// No slot is free on this device.
    Full = "full";
    /// Too many tries in too short a time.
    Busy = "busy";
    /// Spotify lets nobody in by this app who is not on its owner's list.
    NotListed = "not_listed";
    /// Spotify could not be reached, or answered what nobody understands.
    Failed = "failed";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_are_spelled_as_in_the_table() {
        for outcome in SpotifyOutcome::ALL {
            assert_eq!(serde_json::to_value(outcome).expect("serializable"), outcome.as_str());
        }
    }

    #[test]
    fn no_body_shows_its_secret_in_debug() {
        let login = LoginRequest { username: "ana".into(), password: "open sesame".into() };
        assert_eq!(format!("{login:?}"), r#"LoginRequest { username: "ana", password: Secret(…) }"#);
    }
}
