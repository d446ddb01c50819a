//! The stored forms of enums, hashes and unsigned numbers, the same in both databases.

use tutti_protocol::UserKind;
use tutti_protocol::http::{PremiumEvidence, PremiumVerdict};

use crate::store::{StoreError, StoreResult};

/// Saturates; offsets and epochs stay far below 2^63.
pub(in crate::store) fn encode_unsigned(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

pub(in crate::store) fn decode_unsigned(table: &'static str, column: &str, number: i64) -> StoreResult<u64> {
    u64::try_from(number).map_err(|_| StoreError::Unreadable { table, reason: format!("negative {column}") })
}

pub(in crate::store) fn decode_hash(table: &'static str, bytes: &[u8]) -> StoreResult<[u8; 32]> {
    bytes.try_into().map_err(|_| StoreError::Unreadable { table, reason: format!("{} bytes of hash", bytes.len()) })
}

pub(in crate::store) fn encode_kind(kind: UserKind) -> &'static str {
    match kind {
        UserKind::Guest => "guest",
        UserKind::User => "user",
    }
}

pub(in crate::store) fn decode_kind(text: &str) -> StoreResult<UserKind> {
    match text {
        "guest" => Ok(UserKind::Guest),
        "user" => Ok(UserKind::User),
        other => Err(StoreError::Unreadable { table: "users", reason: format!("unknown kind {other:?}") }),
    }
}

pub(in crate::store) fn encode_verdict(verdict: PremiumVerdict) -> &'static str {
    match verdict {
        PremiumVerdict::Premium => "premium",
        PremiumVerdict::NotPremium => "not_premium",
        PremiumVerdict::Unknown => "unknown",
    }
}

pub(in crate::store) fn decode_verdict(text: &str) -> StoreResult<PremiumVerdict> {
    match text {
        "premium" => Ok(PremiumVerdict::Premium),
        "not_premium" => Ok(PremiumVerdict::NotPremium),
        "unknown" => Ok(PremiumVerdict::Unknown),
        other => Err(unknown_value(other)),
    }
}

pub(in crate::store) fn encode_evidence(evidence: PremiumEvidence) -> &'static str {
    match evidence {
        PremiumEvidence::Profile => "profile",
        PremiumEvidence::Player => "player",
        PremiumEvidence::Command => "command",
    }
}

pub(in crate::store) fn decode_evidence(text: &str) -> StoreResult<PremiumEvidence> {
    match text {
        "profile" => Ok(PremiumEvidence::Profile),
        "player" => Ok(PremiumEvidence::Player),
        "command" => Ok(PremiumEvidence::Command),
        other => Err(unknown_value(other)),
    }
}

/// A unique violation is a conflict about `what`; any other error is the database's.
pub(in crate::store) fn conflict(error: sqlx::Error, what: &'static str) -> StoreError {
    match error.as_database_error() {
        Some(cause) if cause.is_unique_violation() => StoreError::Conflict(what),
        _ => error.into(),
    }
}

fn unknown_value(value: &str) -> StoreError {
    StoreError::Unreadable { table: "spotify_links", reason: format!("unknown value {value:?}") }
}
