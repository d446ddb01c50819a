//! Who waits to be let in, and who was turned away. Neither are members.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};
use tutti_protocol::{Admission, Member, UserId};

use crate::DENIED_MAX;

/// The room's door.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Door {
    /// Longest first.
    pub(crate) waiting: Vec<Member>,
    /// Oldest first.
    pub(crate) denied: VecDeque<UserId>,
    /// Who came in before the room was locked.
    pub(crate) before_lock: Admission,
}

impl Door {
    pub(crate) fn waits(&self, person: UserId) -> Option<&Member> {
        self.waiting.iter().find(|known| known.id == person)
    }

    /// Takes somebody from the lobby; whoever was turned away is remembered, whoever was let in is not.
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
