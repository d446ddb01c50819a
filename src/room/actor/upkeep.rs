//! What a room's actor does by itself: moves the timeline on, gathers presence, sends heartbeats, leaves memory, reloads the
//! room after a failure, makes checkpoints.

use tutti_protocol::{CloseCode, PlaybackState};

use super::{Actor, ms};
use crate::limits::{HEARTBEAT, RELOAD_DELAY, RESUME_WINDOW, ROOM_IDLE, SILENCE_MAX};
use crate::room::effects::Effect;
use crate::room::handle::JoinError;
use crate::room::history::History;
use crate::room::load::load;
use crate::room::replies::Outcome;
use crate::room::state::Input;
use crate::room::view::View;
use crate::room::wire;
use crate::store::Checkpoint;

impl Actor {
    /// The next moment at which [`Self::wake`] has something to do.
    pub(super) fn next_wake_ms(&self) -> i64 {
        let heartbeat = (!self.presence.is_empty()).then_some(self.heartbeat_at_ms);
        let idle = self.presence.is_empty().then_some(self.leave_at_ms);
        let timeline = if self.reload_at_ms.is_none() { self.state.next_deadline_ms() } else { None };
        let grace = if self.reload_at_ms.is_none() { self.absence.next_ms() } else { None };
        [heartbeat, idle, timeline, grace, self.presence_at_ms, self.reload_at_ms]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Does what is due; true when the room leaves memory.
    pub(super) async fn wake(&mut self) -> bool {
        let now_ms = self.services.clock.now_ms();
        if self.reload_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.reload().await;
        }
        if self.reload_at_ms.is_none() {
            for member in self.absence.take_over(now_ms) {
                let _ = self.decide(None, &Input::GraceOver(member)).await;
            }
            self.tick(now_ms).await;
        }
        if self.presence_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.presence_at_ms = None;
            let frame = wire::presence(false, self.presence.take_changes());
            self.presence.links().for_each(|link| link.outbox.push_droppable(&frame));
        }
        if self.heartbeat_at_ms <= now_ms {
            self.heartbeat_at_ms = now_ms + ms(HEARTBEAT);
            self.heartbeat(now_ms);
        }
        self.leaves_memory(now_ms)
    }

    /// Begins what waits for the devices that listen, once enough of them are ready.
    pub(super) async fn look_at_audience(&mut self) {
        let changed = self.presence.take_audience_change();
        if changed && self.reload_at_ms.is_none() && self.state.awaits_devices(self.services.clock.now_ms()) {
            let _ = self.decide(None, &Input::Audience).await;
        }
    }

    /// Moves the timeline on, for as many entries as are due.
    pub(super) async fn tick(&mut self, now_ms: i64) {
        while self.reload_at_ms.is_none() && self.state.next_deadline_ms().is_some_and(|due_ms| due_ms <= now_ms) {
            if self.decide(None, &Input::Tick).await.is_err() {
                return;
            }
        }
    }

    fn heartbeat(&self, now_ms: i64) {
        let beat = wire::heartbeat(self.shown_offset, self.services.clock.now_ms_f64());
        for link in self.presence.links() {
            if now_ms - link.last_heard_ms() > ms(SILENCE_MAX) {
                link.outbox.close(CloseCode::HeartbeatMissed);
            } else if link.expires_at_ms() <= now_ms {
                link.outbox.close(CloseCode::TokenExpired);
            } else {
                link.outbox.push_droppable(&beat);
            }
        }
    }

    /// Looked at again after a while when it stays: something plays, something is not durable yet, somebody is about to
    /// come in.
    fn leaves_memory(&mut self, now_ms: i64) -> bool {
        if !self.presence.is_empty() || now_ms < self.leave_at_ms {
            return false;
        }
        self.leave_at_ms = now_ms + ms(ROOM_IDLE);
        self.held.is_empty() && self.state.playback().state != PlaybackState::Playing && self.services.forget(self.code)
    }

    /// An append failed: nothing that rests on it has happened. The room is reloaded from what is durable.
    pub(super) fn fail(&mut self) {
        self.reload_at_ms = Some(self.services.clock.now_ms());
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
                // Everyone gets a snapshot after the reload.
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

    async fn reload(&mut self) {
        let now_ms = self.services.clock.now_ms();
        match load(&self.services.store, self.id, self.code).await {
            Ok(loaded) => {
                self.state = loaded.state;
                self.presence.follow_output(self.state.output());
                self.history = History::default();
                self.replies = loaded.replies;
                self.since_checkpoint = loaded.since_checkpoint;
                self.shown_offset = self.state.offset();
                // Not the epoch that was: what was in memory and is not any more had offsets too.
                self.epoch = u64::try_from(now_ms).unwrap_or(0).max(self.epoch + 1);
                self.reload_at_ms = None;
                for member in self.state.members_here() {
                    if !self.presence.is_connected(member) {
                        self.absence.keep_waiting_for(member, now_ms);
                    }
                }
                self.views.send_replace(View::of(&self.state));
                let snapshot = wire::snapshot(self.epoch, &self.state);
                self.presence.links().for_each(|link| link.outbox.push_snapshot(&snapshot));
                tracing::warn!(room = %self.id, offset = self.shown_offset, "room reloaded from the journal");
            }
            Err(error) => {
                self.reload_at_ms = Some(now_ms + ms(RELOAD_DELAY));
                tracing::error!(room = %self.id, %error, "room cannot be reloaded");
            }
        }
    }

    /// Makes a checkpoint of what is durable. A failure costs nothing but a longer replay.
    pub(super) async fn checkpoint(&mut self) {
        if !self.held.is_empty() || self.reload_at_ms.is_some() || self.since_checkpoint == 0 {
            return;
        }
        let now_ms = self.services.clock.now_ms();
        let checkpoint = Checkpoint {
            room: self.id,
            epoch: self.epoch,
            offset: self.state.offset(),
            at_ms: now_ms,
            state: serde_json::to_string(&self.state).expect("the state is JSON"),
        };
        match self.services.store.save_checkpoint(&checkpoint, now_ms - ms(RESUME_WINDOW)).await {
            Ok(()) => self.since_checkpoint = 0,
            Err(error) => {
                self.since_checkpoint = 0;
                tracing::warn!(room = %self.id, %error, "no checkpoint");
            }
        }
    }
}
