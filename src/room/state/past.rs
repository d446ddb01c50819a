//! What was played: for whom, how much of it, ended by whom. As far back as is kept, cooldowns reach.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Played, UserId};

/// What is remembered of what was played; the oldest is forgotten first.
pub const HISTORY_MAX: usize = 500;

/// What was played, the oldest first.
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

    /// The latest first.
    pub(crate) fn latest(&self) -> impl Iterator<Item = &Played> {
        self.0.iter().rev()
    }

    /// What was somebody's is somebody else's, or nobody's.
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
