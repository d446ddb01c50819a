//! Recovery after the store fails.
//!
//! Events that were not stored have not happened, and no connection has seen them: the room reloads from the journal.
//! Usually the journal holds exactly what was shown, and members notice nothing but refused commands. Meanwhile members
//! still join with the room as it is in memory, and devices keep playing.

use tutti_protocol::{Event, Position};

use super::Actor;
use crate::clock::ms;
use crate::limits::RELOAD_DELAY;
use crate::room::effects::Effect;
use crate::room::handle::RoomError;
use crate::room::history::History;
use crate::room::load::{Loaded, load};
use crate::room::replies::Outcome;
use crate::room::view::View;
use crate::room::wire::{self, DeltaFacts};
use crate::store::{Fence, StoreError, StoreResult, StoredRoom};

impl Actor {
    /// Drops what rests on a failed append and schedules the reload. For [`RELOAD_DELAY`] nothing else is stored: a full
    /// disk would fail every command, and the timeline in a loop.
    pub(super) fn fail(&mut self) {
        let now_ms = self.context.clock.now_ms();
        self.reload_at_ms = Some(now_ms);
        self.refuse_until_ms = now_ms + ms(RELOAD_DELAY);
        self.flush();
        for effect in self.pending.take_all() {
            match effect {
                Effect::Reply { connection, id, .. } => self.answer(connection, id, &Outcome::unavailable(), false),
                Effect::Attach(attach) => {
                    let _ = attach.joined.send(Err(RoomError::Unavailable));
                }
                Effect::Confirm { done } | Effect::RejectJoin { joined: done, .. } => {
                    let _ = done.send(Err(RoomError::Unavailable));
                }
                Effect::Detach { connection } => self.detach(connection),
                // The reload finds any of these that were stored after all.
                Effect::Broadcast { .. }
                | Effect::BroadcastUnrecorded { .. }
                | Effect::TellMember { .. }
                | Effect::PublishView { .. }
                | Effect::UsePasscode { .. }
                | Effect::Resync { .. }
                | Effect::Merged { .. }
                | Effect::DropHistory
                | Effect::CloseMember { .. }
                | Effect::CloseScreen { .. }
                | Effect::CloseAll { .. } => {}
            }
        }
    }

    /// Loads the room from the journal, or schedules another attempt.
    pub(super) async fn reload(&mut self) {
        self.flush();
        let now_ms = self.context.clock.now_ms();
        match self.load().await {
            Ok((fence, loaded, room)) => {
                self.fence = fence;
                self.passcode.set(room.passcode.as_ref());
                self.context.journal.reset_fence(self.id).await;
                self.resume_from(loaded, now_ms);
            }
            Err(StoreError::Owned(node)) if self.context.remotes.is_some() => self.successor = Some(node),
            Err(error) => {
                self.reload_at_ms = Some(now_ms + ms(RELOAD_DELAY));
                tracing::error!(room = %self.id, %error, "room cannot be reloaded");
            }
        }
    }

    async fn load(&self) -> StoreResult<(Fence, Loaded, StoredRoom)> {
        // Also ends an append of which only the answer was lost: from here on it is stored or refused.
        let fence = self.context.journal.claim(self.id).await?;
        let loaded = load(&self.context.store, self.id, self.code).await?;
        let room = self.context.store.room_by_code(self.code).await?;
        let missing = || StoreError::Unreadable { table: "rooms", reason: format!("there is no room {}", self.code) };
        Ok((fence, loaded, room.ok_or_else(missing)?))
    }

    fn resume_from(&mut self, loaded: Loaded, now_ms: i64) {
        let missed = self.missed_events(&loaded);
        self.state = loaded.state;
        self.presence.follow_output(self.state.output());
        self.view = View::of(&self.state);
        self.views.send_replace(self.view.clone());
        self.history = loaded.history;
        self.replies = loaded.replies;
        self.since_checkpoint = loaded.since_checkpoint;
        self.shown_offset = self.state.offset();
        self.reload_at_ms = None;
        self.measurements.measure_all(&self.state);
        for member in self.state.members_here() {
            if !self.presence.is_connected(member) {
                self.grace.start(member, now_ms);
            }
        }
        tracing::warn!(room = %self.id, offset = self.shown_offset, "room reloaded from the journal");
        self.last_sent.forget();
        match missed {
            Some(events) => self.publish_missed_events(&events),
            None => self.start_new_epoch(now_ms),
        }
        for member in self.last_sent.changed_own(&self.state) {
            self.tell_member(member, &wire::own(&self.state, member));
        }
    }

    /// Events that were stored although their append failed, and so were never shown. `None` when the journal does not
    /// provably continue what was shown.
    fn missed_events(&self, loaded: &Loaded) -> Option<Vec<Event>> {
        if loaded.epoch != self.epoch {
            return None;
        }
        if loaded.state.offset() == self.shown_offset {
            return Some(vec![]);
        }
        let missed = loaded.history.since(self.shown_offset)?;
        Some(serde_json::from_str(&missed).expect("the journal was read a moment ago"))
    }

    /// Sends the events that an append stored although it failed, and performs their effects.
    fn publish_missed_events(&mut self, events: &[Event]) {
        if events.is_empty() {
            return;
        }
        let json = serde_json::to_string(events).expect("events are JSON");
        let position = Position { epoch: self.epoch, offset: self.shown_offset };
        let skip_votes_needed = self.last_sent.skip_votes(&self.state, self.presence.active());
        let facts = DeltaFacts { skip_votes_needed, ..DeltaFacts::of(&self.state) };
        let delta = wire::delta(position, &json, facts);
        self.presence.links().for_each(|link| link.outbox.push_droppable(&delta));
        for effect in events.iter().filter_map(Effect::of) {
            self.perform(effect);
        }
    }

    /// Starts a new history from the reloaded state, with a snapshot to every connection.
    fn start_new_epoch(&mut self, now_ms: i64) {
        self.history = History::default();
        self.epoch = u64::try_from(now_ms).unwrap_or(0).max(self.epoch + 1);
        let snapshot = wire::snapshot(self.epoch, &self.state);
        self.presence.links().for_each(|link| link.outbox.push_snapshot(&snapshot));
    }
}
