//! Who is waited for: members whose devices are all gone, people in the lobby, and since when the host is not there.
//!
//! Not journaled: after a restart everybody is waited for anew.

use std::collections::BTreeMap;

use tutti_protocol::UserId;

use crate::limits::AWAY_GRACE;

/// Those who are waited for, at most the members and the lobby of a room.
#[derive(Debug, Default)]
pub(super) struct Absence {
    /// When the grace of each is over.
    over_ms: BTreeMap<UserId, i64>,
    /// The host, while no device of theirs is connected, and since when that is so.
    host_gone: Option<(UserId, i64)>,
}

impl Absence {
    /// Waits for somebody from now on.
    pub(super) fn wait_for(&mut self, user: UserId, now_ms: i64) {
        self.over_ms.insert(user, over_at_ms(now_ms));
    }

    /// Waits for somebody from now on, unless that has begun already.
    pub(super) fn keep_waiting_for(&mut self, user: UserId, now_ms: i64) {
        self.over_ms.entry(user).or_insert(over_at_ms(now_ms));
    }

    /// Somebody is not waited for any more.
    pub(super) fn end(&mut self, user: UserId) {
        self.over_ms.remove(&user);
    }

    /// When the first grace is over.
    pub(super) fn next_ms(&self) -> Option<i64> {
        self.over_ms.values().min().copied()
    }

    /// Those whose grace is over; they are not waited for any more.
    pub(super) fn take_over(&mut self, now_ms: i64) -> Vec<UserId> {
        let over: Vec<UserId> =
            self.over_ms.iter().filter(|(_, over_ms)| **over_ms <= now_ms).map(|(user, _)| *user).collect();
        for user in &over {
            self.over_ms.remove(user);
        }
        over
    }

    /// Since when the host has no device connected, as far as this has been looked at: `gone` is the host, if so.
    pub(super) fn host_gone_since_ms(&mut self, gone: Option<UserId>, now_ms: i64) -> Option<i64> {
        let known = self.host_gone.filter(|(known, _)| Some(*known) == gone);
        self.host_gone = known.or(gone.map(|host| (host, now_ms)));
        self.host_gone.map(|(_, since_ms)| since_ms)
    }
}

fn over_at_ms(now_ms: i64) -> i64 {
    now_ms.saturating_add(i64::try_from(AWAY_GRACE.as_millis()).unwrap_or(i64::MAX))
}
