//! Answers to queries. They change nothing and go only to the caller.

use tutti_protocol::{Action, Answer, Command, Event, Policy, SettingsChange, UserId};

use crate::{Refusal, RoomState};

/// Past entries in one answer.
const HISTORY_SHOWN_MAX: usize = 100;

impl RoomState {
    /// The answer to an accepted query; `None` for other commands.
    pub fn answer(&self, command: &Command) -> Option<Answer> {
        match command {
            Command::PreviewPolicy { policy } => Some(Answer::Upcoming(self.preview(*policy))),
            Command::ShowHistory => {
                Some(Answer::History(self.past.latest().take(HISTORY_SHOWN_MAX).cloned().collect()))
            }
            Command::ShowAudit => Some(Answer::Audit(self.audit_log.notes.iter().rev().cloned().collect())),
            _ => None,
        }
    }

    pub(crate) fn may_ask(&self, by: UserId, command: &Command) -> Result<(), Refusal> {
        match command {
            Command::PreviewPolicy { .. } => self.require(by, Action::SetSettings),
            Command::ShowAudit => self.require(by, Action::SeeAudit),
            _ => Ok(()),
        }
    }

    /// The order under another policy, computed by changing the policy of a copy. The policy that is set changes nothing.
    fn preview(&self, policy: Policy) -> Vec<tutti_protocol::Entry> {
        let change = SettingsChange { policy: Some(policy), ..SettingsChange::default() };
        let settings = Box::new(self.settings.difference(change));
        if settings.is_empty() {
            return self.upcoming().0;
        }
        let mut after = self.clone();
        after.apply(&Event::SettingsChanged { settings, fallback: None, by: UserId::NIL });
        after.upcoming().0
    }
}
