//! Recent replies of a room: a repeated command, also on another connection, gets its first reply and has no second effect.

use std::collections::{HashMap, VecDeque};

use tutti_protocol::{Answer, CommandId, EntryId, Event, Reason, ReasonValues, ServerFrame, UserId};

use super::state::Refusal;
use crate::limits::REPLIES_MAX;

/// The result of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted { offset: u64, entry: Option<EntryId>, answer: Option<Answer> },
    Refused { reason: Reason, values: ReasonValues, message: String },
}

impl Outcome {
    /// The outcome of a command that caused `events`, the last of them at `offset`.
    pub(super) fn accepted(offset: u64, events: &[Event], answer: Option<Answer>) -> Self {
        let entry = events.iter().find_map(|event| match event {
            Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry } => Some(entry.id),
            Event::EntryCredited { entry, .. } => Some(*entry),
            _ => None,
        });
        Self::Accepted { offset, entry, answer }
    }

    /// The outcome while the store takes no writes.
    pub(super) fn unavailable() -> Self {
        Self::Refused {
            reason: Reason::NotStored,
            values: ReasonValues::new(),
            message: "This cannot be saved at the moment. Please try again.".into(),
        }
    }

    pub(super) fn to_frame(&self, id: CommandId) -> ServerFrame {
        match self {
            Self::Accepted { offset, entry, answer } => ServerFrame::Reply {
                id,
                ok: true,
                offset: Some(*offset),
                entry: *entry,
                answer: answer.clone(),
                error: None,
            },
            Self::Refused { reason, values, message } => {
                ServerFrame::refused(id, *reason, values.clone(), message.clone())
            }
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { reason: refusal.reason(), values: refusal.values(), message: refusal.to_string() }
    }
}

/// The last [`REPLIES_MAX`] outcomes, by user and command.
#[derive(Debug, Default)]
pub(super) struct Replies {
    outcomes: HashMap<(UserId, CommandId), Outcome>,
    order: VecDeque<(UserId, CommandId)>,
}

impl Replies {
    pub(super) fn get(&self, by: UserId, id: CommandId) -> Option<&Outcome> {
        self.outcomes.get(&(by, id))
    }

    /// Moves a merged guest's replies to the account: after the login the client repeats unanswered commands under the new
    /// identity.
    pub(super) fn follow_merges(&mut self, events: &[Event]) {
        for event in events {
            if let Event::MemberMerged { from, to } = event {
                self.move_to(*from, to.id);
            }
        }
    }

    fn move_to(&mut self, from: UserId, to: UserId) {
        for key in self.order.iter_mut().filter(|(by, _)| *by == from) {
            if let Some(outcome) = self.outcomes.remove(key) {
                key.0 = to;
                self.outcomes.insert(*key, outcome);
            }
        }
    }

    pub(super) fn insert(&mut self, by: UserId, id: CommandId, outcome: Outcome) {
        if self.outcomes.insert((by, id), outcome).is_none() {
            self.order.push_back((by, id));
        }
        while self.order.len() > REPLIES_MAX {
            if let Some(oldest) = self.order.pop_front() {
                self.outcomes.remove(&oldest);
            }
        }
    }
}
