//! A room whose store fails.
//!
//! What was not stored has not happened, and nobody was told that it has: the room is loaded anew from what is stored. Mostly
//! that is exactly what was shown; then nobody notices anything but refused commands. Whoever comes back is shown the room
//! from memory all the while, and devices play on.

use tutti_protocol::{Event, Position};

use super::{Actor, ms};
use crate::limits::RELOAD_DELAY;
use crate::room::effects::Effect;
use crate::room::handle::JoinError;
use crate::room::history::History;
use crate::room::load::{Loaded, load};
use crate::room::replies::Outcome;
use crate::room::view::View;
use crate::room::wire;

impl Actor {
    /// An append failed: nothing that rests on it has happened. The room is reloaded from what is durable, and nothing
    /// else is tried for a moment: a full disk would fail every single command, and the timeline without end.
    pub(super) fn fail(&mut self) {
        let now_ms = self.services.clock.now_ms();
        self.reload_at_ms = Some(now_ms);
        self.refuse_until_ms = now_ms + ms(RELOAD_DELAY);
        self.flush();
        for effect in self.held.take_all() {
            match effect {
                Effect::Reply { connection, id, .. } => self.reply(connection, id, &Outcome::unavailable()),
                Effect::Attach(attach) => {
                    let _ = attach.joined.send(Err(JoinError::Unavailable));
                }
                Effect::Answer { answer: told } | Effect::TurnAway { joined: told, .. } => {
                    let _ = told.send(Err(JoinError::Unavailable));
                }
                Effect::Detach { connection } => self.detach(connection),
                // Whatever of this is stored nevertheless is found by the reload.
                Effect::Broadcast { .. }
                | Effect::Show { .. }
                | Effect::Tell { .. }
                | Effect::Resync { .. }
                | Effect::Merged { .. }
                | Effect::DropHistory
                | Effect::CloseMember { .. }
                | Effect::CloseAll { .. } => {}
            }
        }
    }

    pub(super) async fn reload(&mut self) {
        self.flush();
        let now_ms = self.services.clock.now_ms();
        match load(&self.services.store, self.id, self.code).await {
            Ok(loaded) => {
                self.services.journal.reset_fence(self.id).await;
                let missed = self.missed(&loaded);
                self.state = loaded.state;
                self.presence.follow_output(self.state.output());
                self.view = View::of(&self.state);
                self.views.send_replace(self.view.clone());
                self.history = loaded.history;
                self.replies = loaded.replies;
                self.since_checkpoint = loaded.since_checkpoint;
                self.shown_offset = self.state.offset();
                self.reload_at_ms = None;
                for member in self.state.members_here() {
                    if !self.presence.is_connected(member) {
                        self.absence.keep_waiting_for(member, now_ms);
                    }
                }
                tracing::warn!(room = %self.id, offset = self.shown_offset, "room reloaded from the journal");
                match missed {
                    Some(events) => self.publish_missed_events(&events),
                    None => self.begin_another_history(now_ms),
                }
            }
            Err(error) => {
                self.reload_at_ms = Some(now_ms + ms(RELOAD_DELAY));
                tracing::error!(room = %self.id, %error, "room cannot be reloaded");
            }
        }
    }

    /// What is stored and was not shown: nobody knew whether it was, when its append failed. `None` when what was shown
    /// cannot be proved to be the beginning of what is stored.
    fn missed(&self, loaded: &Loaded) -> Option<Vec<Event>> {
        if loaded.epoch != self.epoch {
            return None;
        }
        if loaded.state.offset() == self.shown_offset {
            return Some(vec![]);
        }
        let missed = loaded.history.since(self.shown_offset)?;
        Some(serde_json::from_str(&missed).expect("the journal was read a moment ago"))
    }

    /// Shows what an append that failed has stored nevertheless, with all that it causes.
    fn publish_missed_events(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let json = serde_json::to_string(events).expect("events are JSON");
        let position = Position { epoch: self.epoch, offset: self.shown_offset };
        let delta = wire::delta(position, &json, Some(self.state.upcoming()));
        self.presence.links().for_each(|link| link.outbox.push_droppable(&delta));
        for effect in events.iter().filter_map(Effect::of) {
            self.perform(effect);
        }
    }

    fn begin_another_history(&mut self, now_ms: i64) {
        self.history = History::default();
        self.epoch = u64::try_from(now_ms).unwrap_or(0).max(self.epoch + 1);
        let snapshot = wire::snapshot(self.epoch, &self.state);
        self.presence.links().for_each(|link| link.outbox.push_snapshot(&snapshot));
    }
}
