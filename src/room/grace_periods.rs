//! Grace periods: how long a room keeps a member without a connection before their queue pauses, or a person in the lobby
//! before they are turned away. Also since when the host has been disconnected.
//!
//! Not journaled: a restart begins every grace period again.

use std::collections::BTreeMap;

use tutti_protocol::UserId;

use crate::clock::ms;
use crate::limits::{AWAY_GRACE, LOBBY_GRACE};

/// The running grace periods, at most one for each member and each person in the lobby.
#[derive(Debug, Default)]
pub(super) struct GracePeriods {
    ends_ms: BTreeMap<UserId, i64>,
    /// The host without a connection, and since when.
    host_gone: Option<(UserId, i64)>,
}

impl GracePeriods {
    /// Starts a user's grace period, again if one is running.
    pub(super) fn restart(&mut self, user: UserId, now_ms: i64) {
        self.ends_ms.insert(user, now_ms + ms(AWAY_GRACE));
    }

    /// Starts the shorter grace period of a person in the lobby, again if one is running.
    pub(super) fn restart_in_lobby(&mut self, user: UserId, now_ms: i64) {
        self.ends_ms.insert(user, now_ms + ms(LOBBY_GRACE));
    }

    /// Starts a user's grace period unless one is running.
    pub(super) fn start(&mut self, user: UserId, now_ms: i64) {
        self.ends_ms.entry(user).or_insert(now_ms + ms(AWAY_GRACE));
    }

    /// Ends a user's grace period: they are back, or gone for good.
    pub(super) fn cancel(&mut self, user: UserId) {
        self.ends_ms.remove(&user);
    }

    /// When the first grace period ends.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.ends_ms.values().min().copied()
    }

    /// Removes the grace periods that have ended and returns their users.
    pub(super) fn take_ended(&mut self, now_ms: i64) -> Vec<UserId> {
        self.ends_ms.extract_if(.., |_, ends_ms| *ends_ms <= now_ms).map(|(user, _)| user).collect()
    }

    /// Since when the host has been disconnected, as of the first call that saw it. `gone` is the host, if disconnected now.
    pub(super) fn host_gone_since_ms(&mut self, gone: Option<UserId>, now_ms: i64) -> Option<i64> {
        let known = self.host_gone.filter(|(known, _)| Some(*known) == gone);
        self.host_gone = known.or(gone.map(|host| (host, now_ms)));
        self.host_gone.map(|(_, since_ms)| since_ms)
    }
}
