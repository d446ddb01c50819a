//! Members' commands and their replies. A repeated command gets its first reply and has no second effect.

use tutti_protocol::{Command, CommandId, ConnectionId, Event, Reason, Track};

use super::Actor;
use crate::room::effects::Effect;
use crate::room::handle::{Origin, RoomError};
use crate::room::replies::Outcome;
use crate::room::state::{Input, Refusal};
use crate::telemetry::metrics::CommandOutcome;

impl Actor {
    pub(super) async fn command(&mut self, origin: Origin, command: Command, tracks: Vec<Track>) {
        if !self.verify(origin, &command) {
            let name = command.name();
            self.respond(origin, name, &Input::Command { by: origin.by, command, tracks }).await;
        }
    }

    /// Executes the input behind a command, unless the command has been answered already, and replies.
    pub(super) async fn respond(&mut self, origin: Origin, name: &'static str, input: &Input) {
        let Origin { connection, by, id } = origin;
        // Until the room has reloaded, its replies may rest on events that were never stored.
        let known = self.replies.get(by, id).filter(|_| self.reload_at_ms.is_none()).cloned();
        let is_repeated = known.is_some();
        let outcome = match known {
            Some(outcome) => outcome,
            None => match self.execute(Some(origin), input).await {
                Ok(()) => return,
                Err(RoomError::Refused(refusal)) => return self.refuse(origin, name, refusal),
                Err(RoomError::Unavailable) => Outcome::unavailable(),
            },
        };
        self.enqueue(vec![Effect::Reply { connection, id, outcome, is_repeated }]);
    }

    /// Refuses a command.
    pub(super) fn refuse(&mut self, origin: Origin, name: &'static str, refusal: Refusal) {
        let Origin { connection, by, id } = origin;
        tracing::debug!(room = %self.id, member = %by, command = name, %refusal, "command refused");
        let outcome = Outcome::from(refusal);
        // A command that may succeed later is evaluated again when it is repeated.
        if !refusal.code().retry() {
            self.replies.insert(by, id, outcome.clone());
        }
        self.enqueue(vec![Effect::Reply { connection, id, outcome, is_repeated: false }]);
    }

    /// The reply to an accepted command, remembered for its repetition. The answer to a question is not remembered: a
    /// repeated question is answered from the current state, and has no effect either.
    pub(super) fn accept(&mut self, origin: Origin, input: &Input, events: &[Event]) -> Effect {
        let Origin { connection, by, id } = origin;
        let answer = match input {
            Input::Command { command, .. } => self.state.answer(command),
            _ => None,
        };
        let is_question = answer.is_some();
        let outcome = Outcome::accepted(self.state.offset(), events, answer);
        if !is_question {
            self.replies.insert(by, id, outcome.clone());
        }
        Effect::Reply { connection, id, outcome, is_repeated: false }
    }

    /// Replies, and counts what the member is told.
    pub(super) fn answer(&mut self, connection: ConnectionId, id: CommandId, outcome: &Outcome, is_repeated: bool) {
        let metrics = &self.context.metrics;
        match outcome {
            _ if is_repeated => metrics.command(CommandOutcome::Repeated),
            Outcome::Accepted { .. } => metrics.command(CommandOutcome::Accepted),
            Outcome::Refused { reason: Reason::NotStored, .. } => metrics.command(CommandOutcome::Unavailable),
            Outcome::Refused { reason, .. } => metrics.refusal(*reason),
        }
        self.reply(connection, id, outcome);
    }
}
