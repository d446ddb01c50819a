//! What a room does without a request: advances the timeline, ends grace periods, announces presence, sends heartbeats,
//! saves checkpoints, leaves memory.

use tutti_protocol::{CloseCode, PlaybackState};

use super::Actor;
use crate::clock::ms;
use crate::limits::{HEARTBEAT, RESUME_WINDOW, ROOM_IDLE, SILENCE_MAX};
use crate::room::state::Input;
use crate::room::wire;
use crate::store::Checkpoint;

impl Actor {
    /// When [`Self::wake`] next has something to do.
    pub(super) fn next_wake_ms(&self) -> i64 {
        let heartbeat = (!self.presence.is_empty()).then_some(self.heartbeat_at_ms);
        let idle = self.presence.is_empty().then_some(self.leave_at_ms);
        let due = |at_ms: Option<i64>| at_ms.filter(|_| self.reload_at_ms.is_none());
        let timeline = due(self.state.next_deadline_ms()).map(|at_ms| at_ms.max(self.refuse_until_ms));
        let listeners = due(self.state.listeners_due_ms(self.unheard_since_ms));
        let listeners = listeners.map(|at_ms| at_ms.max(self.refuse_until_ms));
        let grace = due(self.grace.next_ms()).map(|at_ms| at_ms.max(self.refuse_until_ms));
        let findings = due((!self.measurements.is_idle()).then_some(self.refuse_until_ms))
            .filter(|at_ms| *at_ms > self.context.clock.now_ms());
        let (presence, reload, broadcasts) = (self.presence_at_ms, self.reload_at_ms, self.broadcasts.due_ms());
        [heartbeat, idle, timeline, listeners, grace, findings, presence, reload, broadcasts]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(i64::MAX)
    }

    /// Does what is due; true when the room leaves memory.
    pub(super) async fn wake(&mut self) -> bool {
        let now_ms = self.context.clock.now_ms();
        if self.reload_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            // Boxed: large and rare, it would enlarge every room's future.
            Box::pin(self.reload()).await;
        }
        if self.reload_at_ms.is_none() && self.refuse_until_ms <= now_ms {
            for member in self.grace.take_ended(now_ms) {
                let _ = self.execute(None, &Input::GraceOver(member)).await;
            }
            self.tick(now_ms).await;
        }
        if self.presence_at_ms.is_some_and(|at_ms| at_ms <= now_ms) {
            self.presence_at_ms = None;
            self.flush();
            let needed = self.last_sent.skip_votes(&self.state, self.presence.active());
            let screens = self.presence.take_screens_change();
            let frame = wire::presence(false, self.presence.take_changes(), needed, screens);
            self.presence.outboxes().iter().for_each(|(_, outbox)| outbox.push_droppable(&frame));
            let position = self.shown();
            self.presence.relays().for_each(|relay| relay.broadcast(position, &frame, &[]));
        }
        if self.heartbeat_at_ms <= now_ms {
            self.heartbeat_at_ms = now_ms + ms(HEARTBEAT);
            self.heartbeat(now_ms);
        }
        self.leaves_memory(now_ms)
    }

    /// Starts the track behind the ready barrier once enough listening devices are ready, and lets playback wait while none
    /// listens.
    pub(super) async fn follow_audience(&mut self) {
        let changed = self.presence.take_audience_change();
        let unheard_since_ms = self.unheard_since_ms();
        let due_ms = self.state.listeners_due_ms(unheard_since_ms);
        if !changed && due_ms.is_none() {
            return;
        }
        let now_ms = self.context.clock.now_ms();
        let is_due = due_ms.is_some_and(|due_ms| due_ms <= now_ms);
        let is_wanted = changed && self.state.awaits_devices(now_ms) || is_due && self.refuse_until_ms <= now_ms;
        if is_wanted && self.reload_at_ms.is_none() {
            let _ = self.execute(None, &Input::Audience).await;
        }
    }

    /// Advances the timeline over every entry that is due.
    pub(super) async fn tick(&mut self, now_ms: i64) {
        while self.reload_at_ms.is_none()
            && self.refuse_until_ms <= now_ms
            && self.state.next_deadline_ms().is_some_and(|due_ms| due_ms <= now_ms)
        {
            if self.execute(None, &Input::Tick).await.is_err() {
                return;
            }
        }
    }

    fn heartbeat(&mut self, now_ms: i64) {
        // The heartbeat names the last offset, so the events up to it go out first.
        self.flush();
        let beat = wire::heartbeat(self.shown_offset, self.context.clock.now_ms_f64());
        // Other servers do this for the connections that they hold.
        for link in self.presence.links().filter(|link| link.outbox.relay().is_none()) {
            if now_ms - link.last_heard_ms() > ms(SILENCE_MAX) {
                link.outbox.close(CloseCode::HeartbeatMissed);
            } else if link.expires_at_ms() <= now_ms {
                link.outbox.close(CloseCode::TokenExpired);
            } else {
                link.outbox.push_droppable(&beat);
            }
        }
    }

    /// Checks again after [`ROOM_IDLE`] if the room stays: a track plays, an append is pending, or a join is on its way.
    fn leaves_memory(&mut self, now_ms: i64) -> bool {
        if !self.presence.is_empty() || now_ms < self.leave_at_ms {
            return false;
        }
        self.leave_at_ms = now_ms + ms(ROOM_IDLE);
        self.pending.is_empty()
            && self.state.playback().state != PlaybackState::Playing
            && self.context.remove_room(self.code)
    }

    /// Saves a checkpoint of the durable state. A failure only lengthens the next replay. A closed room is never loaded again,
    /// and its rows may have been purged to erase a member.
    pub(super) async fn checkpoint(&mut self) {
        if !self.pending.is_empty()
            || self.reload_at_ms.is_some()
            || self.since_checkpoint == 0
            || self.state.is_closed()
        {
            return;
        }
        let now_ms = self.context.clock.now_ms();
        let checkpoint = Checkpoint {
            room: self.id,
            epoch: self.epoch,
            offset: self.state.offset(),
            at_ms: now_ms,
            state: serde_json::to_string(&self.state).expect("the state is JSON"),
        };
        self.since_checkpoint = 0;
        if let Err(error) = self.context.store.save_checkpoint(&checkpoint, now_ms - ms(RESUME_WINDOW)).await {
            tracing::warn!(room = %self.id, %error, "room checkpoint failed");
        }
    }
}
