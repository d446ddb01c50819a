//! Recent replies of a room: a command that comes again, on whatever connection, gets its first reply and has no second
//! effect.

use std::collections::{HashMap, VecDeque};

use tutti_protocol::{Answer, CommandId, EntryId, ErrorCode, Event, ServerFrame, UserId};

use super::state::Refusal;
use crate::limits::REPLIES_MAX;

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    Accepted { offset: u64, entry: Option<EntryId>, answer: Option<Answer> },
    Refused { code: ErrorCode, message: String },
}

impl Outcome {
    /// The store does not take anything at the moment.
    pub(super) fn unavailable() -> Self {
        Self::Refused {
            code: ErrorCode::Unavailable,
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
            Self::Refused { code, message } => ServerFrame::refused(id, *code, message.clone()),
        }
    }
}

impl From<Refusal> for Outcome {
    fn from(refusal: Refusal) -> Self {
        Self::Refused { code: refusal.code(), message: refusal.to_string() }
    }
}

/// Recent outcomes by whose command it was; the oldest are forgotten first.
#[derive(Debug, Default)]
pub(super) struct Replies {
    outcomes: HashMap<(UserId, CommandId), Outcome>,
    order: VecDeque<(UserId, CommandId)>,
}

impl Replies {
    pub(super) fn get(&self, by: UserId, id: CommandId) -> Option<&Outcome> {
        self.outcomes.get(&(by, id))
    }

    /// What a guest asked for, their account asked for once they have logged in: a command whose reply was lost on the
    /// way is repeated under the new identity.
    pub(super) fn follow(&mut self, events: &[Event]) {
        for event in events {
            if let Event::MemberMerged { from, to } = event {
                self.hand_over(*from, to.id);
            }
        }
    }

    fn hand_over(&mut self, from: UserId, to: UserId) {
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
