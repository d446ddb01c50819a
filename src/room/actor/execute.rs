//! An input's way through the room: evaluate it, encode what it caused, enqueue that behind its append.

use tutti_protocol::{EntryId, Event, Position};

use super::Actor;
use crate::ids;
use crate::room::batch::{DecidedBatch, EncodedBatch};
use crate::room::effects::Effect;
use crate::room::handle::{Origin, RoomError};
use crate::room::state::{Ctx, Input};
use crate::room::wire;
use crate::store::IndexChange;

impl Actor {
    /// Executes an input: its events go to the journal, and its effects wait until those are durable. A command's reply is
    /// among the effects.
    pub(super) async fn execute(&mut self, origin: Option<Origin>, input: &Input) -> Result<(), RoomError> {
        self.execute_with(origin, input, vec![]).await
    }

    /// As [`Self::execute`], with changes to the directory that no event says, in the same transaction.
    pub(super) async fn execute_with(
        &mut self,
        origin: Option<Origin>,
        input: &Input,
        index: Vec<IndexChange>,
    ) -> Result<(), RoomError> {
        let now_ms = self.context.clock.now_ms();
        let events = self.evaluate(now_ms, input)?;
        let reply = origin.map(|origin| self.accept(origin, input, &events));
        if events.is_empty() {
            let said = wire::said(input, now_ms).map(|frame| Effect::BroadcastUnrecorded { frame });
            self.enqueue(said.into_iter().chain(reply).collect());
            return Ok(());
        }
        self.log(&events);
        self.start_grace_of_newcomers(now_ms, &events);
        self.presence.follow_output(self.state.output());
        self.replies.follow_merges(&events);
        self.measurements.follow(&self.state, &events);
        let decided = DecidedBatch {
            room: self.id,
            position: Position { epoch: self.epoch, offset: self.state.offset() },
            at_ms: now_ms,
            fence: self.fence,
            command: origin.map(|origin| (origin.by, origin.id)),
            events: &events,
        };
        let changes = self.last_sent.changes(&self.state, &events, self.presence.active());
        let EncodedBatch { mut row, effects, view } = decided.encode(&self.state, changes, &self.view, reply);
        if let Some(view) = view {
            self.view = view;
        }
        row.index.extend(index);
        let append = self.context.journal.append(row).await;
        self.pending.push(Some(append), effects);
        Ok(())
    }

    /// Logs what an operator is asked about.
    fn log(&self, events: &[Event]) {
        for event in events {
            let (what, member, by) = match event {
                Event::MemberKicked { member, by, .. } => ("member kicked", Some(member), Some(by)),
                Event::MemberBanned { member, by } => ("member banned", Some(member), Some(by)),
                Event::BanLifted { member, by } => ("ban lifted", Some(member), Some(by)),
                Event::RoomClosed { by } => ("room closed", None, Some(by)),
                Event::PasscodeChanged { has_passcode: true, by } => ("passcode set", None, Some(by)),
                Event::PasscodeChanged { has_passcode: false, by } => ("passcode removed", None, Some(by)),
                Event::ScreenAdded { by, .. } => ("screen paired", None, Some(by)),
                Event::ScreenRemoved { by, .. } => ("screen removed", None, Some(by)),
                Event::EntryStarted { playback, .. } | Event::PlaybackChanged { playback, .. }
                    if playback.waiting_for_listener =>
                {
                    ("playback waits for a listening device", None, None)
                }
                _ => continue,
            };
            self.context.log.log(|suppressed| {
                let (member, by) = (member.map(tracing::field::display), by.map(tracing::field::display));
                tracing::info!(room = %self.code, member, by, suppressed, "{what}");
            });
        }
    }

    /// Applies an input to the state, unless the store could not take its events.
    fn evaluate(&mut self, now_ms: i64, input: &Input) -> Result<Vec<Event>, RoomError> {
        if self.reload_at_ms.is_some() {
            return Err(RoomError::Unavailable);
        }
        let host_gone_since_ms = self.host_gone_since_ms(now_ms);
        let unheard_since_ms = self.unheard_since_ms();
        let new_entry = EntryId(ids::uuid_v7(now_ms));
        let (present, audience) = (self.presence.active(), self.presence.audience());
        let ctx = Ctx { now_ms, new_entry, present, host_gone_since_ms, audience, unheard_since_ms };
        // Inputs without events need no store: members rejoin and questions are answered.
        if now_ms < self.refuse_until_ms && !self.state.decide(&ctx, input).map_err(RoomError::Refused)?.is_empty() {
            return Err(RoomError::Unavailable);
        }
        self.state.handle(&ctx, input).map_err(RoomError::Refused)
    }

    /// Since when the host has no connection, as far as this actor has observed.
    pub(super) fn host_gone_since_ms(&mut self, now_ms: i64) -> Option<i64> {
        let gone = self.state.host().filter(|host| !self.presence.is_connected(*host));
        self.grace.host_gone_since_ms(gone, now_ms)
    }

    /// Since when no device listens, as far as this actor has observed.
    pub(super) fn unheard_since_ms(&mut self) -> Option<i64> {
        let clock = &self.context.clock;
        let since_ms = || self.unheard_since_ms.unwrap_or_else(|| clock.now_ms());
        self.unheard_since_ms = (!self.presence.has_listener()).then(since_ms);
        self.unheard_since_ms
    }

    /// Members who were just admitted or restored have no connection yet: they get a full grace period to connect.
    fn start_grace_of_newcomers(&mut self, now_ms: i64, events: &[Event]) {
        for event in events {
            if let Event::MemberJoined { member } | Event::Undone { member: Some(member), .. } = event
                && !self.presence.is_connected(member.id)
            {
                self.grace.restart(member.id, now_ms);
            }
        }
    }
}
