//! The faults and variants of Spotify, each as a switch.
//!
//! The defaults are an app in today's development mode. A test checks that README.md lists the same switches.

use serde::{Deserialize, Serialize};

use crate::ids::PersonId;

/// Latency at most, in milliseconds.
pub(crate) const LATENCY_MS_MAX: u16 = 1000;

/// How the stand-in behaves. A counting switch is decremented by each response that it changes, down to 0.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each switch is independent")]
pub struct Switches {
    /// Whether `/v1/me` has `product`, `country`, `email`, `explicit_content` and `followers`, each if its scope was
    /// granted. Development mode has none of them.
    pub product: bool,
    /// Whether `/v1/me` has `account_id`.
    pub account_id: bool,
    /// Whether `/v1/me` has pictures, at 300 and 64 pixels. Without, `images` is empty.
    pub images: bool,
    /// Whether a relinked track names the requested one in `linked_from`.
    pub linked_from: bool,
    /// The `refresh_token` in the response to a refresh.
    pub refresh_token: RefreshToken,
    /// Who answers the consent page.
    pub consent: Consent,
    /// This many of the next responses below `/v1/me/player` are 403 `PREMIUM_REQUIRED`, whatever the account.
    pub false_premium_required: u32,
    /// This many of the next responses of the Web API are 401, whatever the token.
    pub false_unauthorized: u32,
    /// This many of the next responses of the Web API are 429.
    pub too_many_requests: u32,
    /// The `Retry-After` of a 429.
    pub retry_after_seconds: u32,
    /// The kind of 429.
    pub limit_kind: LimitKind,
    /// Latency of the accounts service and the Web API, at most 1000; a request takes effect after half of it.
    pub latency_ms: u16,
    /// Status of a successful player command.
    pub command_status: CommandStatus,
    /// This many of the next responses of the token endpoint are 503.
    pub token_server_down: u32,
    /// After the last track of a list, Spotify continues by itself.
    pub autoplay: bool,
    /// This many of the next browser players get an account error, as without Premium.
    pub false_account_error: u32,
    /// Lifetime of access tokens issued from now on.
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

/// The `refresh_token` in the response to a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefreshToken {
    /// Absent; the old one stays valid.
    Omitted,
    /// An empty string; the old one stays valid.
    Empty,
    /// A new one; the old one becomes invalid.
    Rotated,
}

/// Who answers the consent page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consent {
    /// The user who sees it.
    Page,
    /// Without a page: this person agrees.
    Agree(PersonId),
    /// Without a page: the request is cancelled.
    Deny,
}

impl Consent {
    /// `person` agrees without a page. Panics if `person` is not a valid id.
    pub fn agree(person: &str) -> Self {
        Self::Agree(PersonId::try_from(person.to_owned()).expect("a person's id"))
    }
}

/// The kind of 429.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LimitKind {
    /// Too many requests in a rolling window of 30 seconds.
    #[serde(rename = "rate")]
    Rate,
    /// The app's quota is used up.
    #[serde(rename = "QUOTA_EXCEEDED")]
    QuotaExceeded,
}

/// Status of a successful player command, a number in JSON.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub enum CommandStatus {
    /// 200, with a body that is not JSON although its content type says so.
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

/// Decrements a counting switch; whether it was above 0.
pub(crate) fn decrement(count: &mut u32) -> bool {
    let was_on = *count > 0;
    *count = count.saturating_sub(1);
    was_on
}
