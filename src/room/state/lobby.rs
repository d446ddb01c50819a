//! People who wait to be admitted, and those who were denied. Neither are members.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Admission, Member, UserId};

use crate::DENIED_MAX;

/// The lobby.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Lobby {
    /// Longest wait first.
    pub(crate) waiting: Vec<Member>,
    /// Oldest first.
    pub(crate) denied: VecDeque<UserId>,
    /// The admission before the room was locked.
    pub(crate) before_lock: Admission,
}

impl Lobby {
    pub(crate) fn waits(&self, person: UserId) -> Option<&Member> {
        self.waiting.iter().find(|known| known.id == person)
    }

    /// Removes a person from the lobby; denied people are remembered.
    pub(crate) fn leave(&mut self, person: UserId, admitted: bool, by: Option<UserId>) {
        self.forget(person);
        if !admitted && by.is_some() {
            if self.denied.len() >= DENIED_MAX {
                self.denied.pop_front();
            }
            self.denied.push_back(person);
        }
    }

    pub(crate) fn forget(&mut self, person: UserId) {
        self.waiting.retain(|known| known.id != person);
        self.denied.retain(|known| *known != person);
    }
}
