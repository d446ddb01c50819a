//! Past entries. Cooldowns reach as far back as these are kept.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Played, UserId};

/// Past entries that are kept; the oldest are dropped.
pub const HISTORY_MAX: usize = 500;

/// Past entries, oldest first.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Past(VecDeque<Played>);

impl Past {
    pub(crate) fn push(&mut self, played: Played) {
        if self.0.len() >= HISTORY_MAX {
            self.0.pop_front();
        }
        self.0.push_back(played);
    }

    /// Latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Played> {
        self.0.iter().rev()
    }

    /// Replaces an owner by another one, or by none.
    pub(crate) fn rename(&mut self, from: UserId, to: Option<UserId>) {
        for played in &mut self.0 {
            if played.member == Some(from) {
                played.member = to;
            }
            if played.by == Some(from) {
                played.by = to;
            }
        }
    }
}
