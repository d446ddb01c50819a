//! Bodies about users: login, sessions, accounts on one device, Spotify links.
//!
//! Several users can share a device. Each has a **slot** (0 to 7) with its own cookie. Requests to `auth/*` name the
//! slot in the header [`SLOT_HEADER`]; the default is slot 0.

use serde::{Deserialize, Serialize};

use crate::id::{SessionId, UserId};
use crate::room::UserKind;
use crate::secret::Secret;

/// Header with the slot of a request to `auth/*`: a number, or [`SLOT_NEW`].
pub const SLOT_HEADER: &str = "tutti-slot";
/// The login takes a free slot.
pub const SLOT_NEW: &str = "new";
/// Users who can share one device.
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
        /// Case does not matter.
        username: String,
        /// 8 to 72 bytes.
        password: Secret,
    }
);
body!(
    /// `POST auth/register`. A guest, or a user by Spotify without a password, keeps their id and gets a password.
    RegisterRequest {
        /// 3 to 32 letters, digits, `.`, `_` or `-`; unique regardless of case.
        username: String,
        /// 8 to 72 bytes.
        password: Secret,
        /// 1 to 40 characters.
        display_name: String,
        /// From an invitation, where registration needs one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        invitation: Option<Secret>,
    }
);
body!(
    /// `POST auth/device`: logs in the user whose other device shows the code.
    DeviceLoginRequest {
        /// As typed.
        code: Secret,
    }
);
body!(
    /// `POST me/device-code`: a code with which one other device becomes the user's, too.
    DeviceCode {
        /// Eight characters in two groups.
        code: Secret,
        /// Seconds until it expires.
        expires_in: u64,
    }
);
body!(
    /// `GET me/device-code`: the status of the code that this session requested last.
    DeviceCodeStatus {
        /// Whether it can be used.
        state: DeviceCodeState,
        /// The user agent of the device that used it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        user_agent: Option<String>,
    }
);

/// The status of a code for another device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum DeviceCodeState {
    /// It can be used.
    Waiting,
    /// A device has used it.
    Used,
    /// It was not used in time.
    Expired,
}

body!(
    /// A user, as shown to themselves.
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
        /// Whether they are an operator of the server.
        #[serde(default, skip_serializing_if = "crate::room::is_default")]
        operator: bool,
    }
);
body!(
    /// The response of `auth/guest`, `auth/register`, `auth/login`, `auth/device`, `auth/password`, `auth/refresh` and
    /// `me/accounts/{slot}/activate`. The refresh token is a cookie.
    AuthResponse {
        /// Access JWT for `Authorization: Bearer` and `hello`.
        access_token: Secret,
        /// Seconds until it expires.
        expires_in: u64,
        /// The user it authenticates.
        user: User,
        /// Their slot.
        #[serde(default)]
        slot: u8,
    }
);
body!(
    /// `PATCH me`: absent fields stay unchanged.
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
    /// A change of password.
    PasswordChange {
        /// The current password.
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
        /// Whether it is the caller's.
        current: bool,
        /// The browser's user agent.
        user_agent: String,
        /// When they logged in.
        created_at_ms: i64,
        /// When it was last used, to within ten minutes.
        last_used_at_ms: i64,
    }
);
body!(
    /// `GET me/accounts`: the users logged in on this device, known by their cookies.
    AccountList {
        /// By slot.
        accounts: Vec<DeviceAccount>,
        /// Users who can share one device.
        slots_max: u8,
    }
);
body!(
    /// A user on this device.
    DeviceAccount {
        /// Their slot.
        slot: u8,
        /// The user.
        user: User,
    }
);
body!(
    /// `GET me/spotify`, and the response of everything that changes it.
    SpotifyStatus {
        /// Absent: no Spotify account is linked.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        link: Option<SpotifyLink>,
    }
);
body!(
    /// A linked Spotify account.
    SpotifyLink {
        /// Their name at Spotify.
        display_name: String,
        /// Whether it can be used.
        state: SpotifyLinkState,
        /// When they last authorized it.
        authorized_at_ms: i64,
        /// When the authorization expires: six months later.
        expires_at_ms: i64,
        /// Whether it expires so soon that they should log in again now.
        expires_soon: bool,
        /// Their subscription, as far as known.
        premium: Premium,
    }
);
body!(
    /// A Spotify subscription, as far as known.
    Premium {
        /// The verdict.
        verdict: PremiumVerdict,
        /// Its evidence, if any.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        evidence: Option<PremiumEvidence>,
        /// When the evidence was seen.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        at_ms: Option<i64>,
    }
);
body!(
    /// `POST me/spotify/evidence`: an event of the player in the browser.
    SpotifyEvidenceRequest {
        /// The event.
        event: SpotifyPlayerEvent,
    }
);
body!(
    /// `POST me/spotify/token`: a token for the player in this browser only.
    SpotifyToken {
        /// Spotify's access token.
        access_token: Secret,
        /// Seconds until it expires.
        expires_in: u64,
    }
);

/// Whether a link can be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyLinkState {
    /// It can be used.
    Linked,
    /// The authorization was revoked or has expired: they must log in again.
    NeedsLogin,
}

/// Whether a user can play Spotify on their own device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PremiumVerdict {
    /// They can.
    Premium,
    /// They cannot.
    NotPremium,
    /// Unknown until playback is tried.
    Unknown,
}

/// The evidence for a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum PremiumEvidence {
    /// The profile.
    Profile,
    /// The player in the browser started or was refused.
    Player,
    /// The Web API obeyed a command that needs Premium, or refused it.
    Command,
}

/// Events of the player in the browser that prove or disprove a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "generate", derive(schemars::JsonSchema, ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum SpotifyPlayerEvent {
    /// The player is connected.
    Ready,
    /// The account is not allowed to use it.
    AccountError,
}

choices! {
    /// How a login with Spotify ended: `spotify=` in the query of the page it returns to, beside `slot=` after a
    /// successful login.
    SpotifyOutcome {
        /// Logged in and linked.
        Done = "done",
        /// Denied at Spotify.
        Denied = "denied",
        /// Expired, already used, or started in another browser.
        Expired = "expired",
        /// The Spotify account is linked to another user.
        Taken = "taken",
        /// No slot is free on this device.
        Full = "full",
        /// Too many attempts.
        Busy = "busy",
        /// The account is not on the allowlist of the server's Spotify app.
        NotListed = "not_listed",
        /// The server takes no such account: it takes none, or only by invitation, or this one is banned.
        Refused = "refused",
        /// Spotify could not be reached, or sent an invalid response.
        Failed = "failed",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outcomes_serialize_as_in_the_table() {
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
