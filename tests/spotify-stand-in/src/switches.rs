//! Spotify's habits, each as a switch.
//!
//! The default is an app in today's development mode. README.md has the same table; a test keeps them together.

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;

/// Latency at most, in milliseconds.
pub(crate) const LATENCY_MS_MAX: u16 = 1000;

/// How the stand-in behaves. A switch that counts goes down with each answer it changes, to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches are what it is made of")]
pub struct Switches {
    /// Whether `/v1/me` has `product`, `country`, `email`, `explicit_content` and `followers`, each if its scope was
    /// granted. Development mode has none of them.
    pub product: bool,
    /// Whether `/v1/me` has `account_id`.
    pub account_id: bool,
    /// Whether `/v1/me` has pictures, at 300 and 64 pixels. Without, `images` is empty.
    pub images: bool,
    /// Whether a relinked track says in `linked_from` which one was asked for.
    pub linked_from: bool,
    /// What a refresh answers as `refresh_token`.
    pub refresh_token: RefreshToken,
    /// Who answers the consent page.
    pub consent: Consent,
    /// So many of the next answers below `/v1/me/player` are 403 `PREMIUM_REQUIRED`, whoever asks.
    pub false_premium_required: u32,
    /// So many of the next answers of the Web API are 401, whatever the token.
    pub false_unauthorized: u32,
    /// So many of the next answers of the Web API are 429.
    pub too_many_requests: u32,
    /// What a 429 says in `Retry-After`.
    pub retry_after_seconds: u32,
    /// Which 429 it is.
    pub limit_kind: LimitKind,
    /// How long accounts service and Web API take, at most 1000; a request takes effect after half of it.
    pub latency_ms: u16,
    /// The status of a player command that succeeded.
    pub command_status: CommandStatus,
    /// So many of the next answers of the token endpoint are 503.
    pub token_server_down: u32,
    /// After the last track of a list, Spotify plays on by itself.
    pub autoplay: bool,
    /// So many of the next players in browsers are told that their account has no Premium.
    pub false_account_error: u32,
    /// How long access tokens live that are issued from now on.
    pub access_token_lifetime_seconds: u32,
}

impl Default for Switches {
    fn default() -> Self {
        Self {
            product: false,
            account_id: true,
            images: true,
            linked_from: true,
            refresh_token: RefreshToken::Omitted,
            consent: Consent::Page,
            false_premium_required: 0,
            false_unauthorized: 0,
            too_many_requests: 0,
            retry_after_seconds: 1,
            limit_kind: LimitKind::Rate,
            latency_ms: 0,
            command_status: CommandStatus::NoContent,
            token_server_down: 0,
            autoplay: false,
            false_account_error: 0,
            access_token_lifetime_seconds: 3600,
        }
    }
}

/// What a refresh answers as `refresh_token`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshToken {
    /// Nothing; the old one stays good.
    Omitted,
    /// An empty string; the old one stays good.
    Empty,
    /// A new one; the old one is dead.
    Rotated,
}

/// Who answers the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// Whoever looks at it.
    Page,
    /// Nobody: this person agrees at once.
    Agree(PersonId),
    /// Nobody: it is cancelled at once.
    Deny,
}

impl Consent {
    /// This person agrees at once. Panics if `person` is no id.
    pub fn agree(person: &str) -> Self {
        Self::Agree(PersonId::try_from(person.to_owned()).expect("a person's id"))
    }
}

/// Which 429 it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LimitKind {
    /// Too many requests in a rolling window of 30 seconds.
    #[serde(rename = "rate")]
    Rate,
    /// The app's quota is used up.
    #[serde(rename = "QUOTA_EXCEEDED")]
    QuotaExceeded,
}

/// The status of a player command that succeeded, a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum CommandStatus {
    /// 200, with a body that is no JSON although it says so.
    Ok,
    /// 202, without a body.
    Accepted,
    /// 204, as documented.
    NoContent,
}

impl TryFrom<u16> for CommandStatus {
    type Error = &'static str;

    fn try_from(status: u16) -> Result<Self, Self::Error> {
        match status {
            200 => Ok(Self::Ok),
            202 => Ok(Self::Accepted),
            204 => Ok(Self::NoContent),
            _ => Err("command_status is 200, 202 or 204"),
        }
    }
}

impl From<CommandStatus> for u16 {
    fn from(status: CommandStatus) -> Self {
        match status {
            CommandStatus::Ok => 200,
            CommandStatus::Accepted => 202,
            CommandStatus::NoContent => 204,
        }
    }
}

/// Takes one off a switch that counts; whether there was one.
pub(crate) fn take_one(count: &mut u32) -> bool {
    let was_on = *count > 0;
    *count = count.saturating_sub(1);
    was_on
}
