//! Effects leave the room, in the order in which they were decided and only once their events are durable.

use bytes::Bytes;
use tutti_protocol::{CloseCode, CommandId, ConnectionId, Position, UserId};

use super::Actor;
use crate::limits::CHECKPOINT_EVERY;
use crate::room::effects::Effect;
use crate::room::handle::RoomError;
use crate::room::history::History;
use crate::room::replies::Outcome;
use crate::transport::frame;

impl Actor {
    /// Queues effects behind everything decided before them; performs them now when nothing is pending.
    pub(super) fn enqueue(&mut self, effects: Vec<Effect>) {
        if self.pending.is_empty() {
            for effect in effects {
                self.perform(effect);
            }
        } else {
            self.pending.push(None, effects);
        }
    }

    /// Performs the effects whose events have become durable.
    pub(super) async fn release(&mut self) {
        for effect in self.pending.release() {
            self.perform(effect);
        }
        if self.pending.is_empty() && self.since_checkpoint >= CHECKPOINT_EVERY {
            self.checkpoint().await;
        }
    }

    pub(super) fn perform(&mut self, effect: Effect) {
        match effect {
            Effect::Broadcast { frame, offset, events_count, at_ms, events } => {
                self.shown_offset = offset;
                self.since_checkpoint += 1;
                self.history.push(offset, events_count, at_ms, &events);
                self.context.metrics.delta(self.presence.len());
                self.broadcasts.push(&frame);
            }
            Effect::BroadcastUnrecorded { frame } => self.broadcasts.push(&frame),
            Effect::PublishView { view } => {
                self.views.send_replace(*view);
            }
            Effect::TellMember { member, frame } => self.tell_member(member, &frame),
            Effect::Reply { connection, id, outcome, is_repeated } => {
                self.answer(connection, id, &outcome, is_repeated);
            }
            Effect::UsePasscode { passcode } => self.passcode.set(passcode.as_ref()),
            Effect::Confirm { done } => {
                let _ = done.send(Ok(()));
            }
            Effect::RejectJoin { joined, refusal } => {
                let _ = joined.send(Err(RoomError::Refused(refusal)));
            }
            Effect::Attach(attach) => self.attach(*attach),
            Effect::Detach { connection } => self.detach(connection),
            Effect::Resync { connection, snapshot } => {
                self.flush();
                if let Some(link) = self.presence.link(connection) {
                    self.context.metrics.resync();
                    // The outbox dropped presence updates as well.
                    link.outbox.push_snapshot(&[snapshot, self.full_presence()].concat().into());
                }
            }
            Effect::Merged { from, to } => self.close_merged(from, to),
            Effect::DropHistory => {
                self.history = History::default();
                self.since_checkpoint = 0;
            }
            Effect::CloseMember { member, code } => {
                self.flush();
                self.presence.links_of(member).for_each(|link| link.outbox.close(code));
            }
            Effect::CloseScreen { screen } => {
                self.flush();
                self.presence.links_of_screen(screen).for_each(|link| link.outbox.close(CloseCode::ScreenNotPaired));
            }
            Effect::CloseAll { code } => {
                self.flush();
                self.presence.links().for_each(|link| link.outbox.close(code));
            }
        }
    }

    /// Up to where connections know the room once the broadcasts are flushed.
    pub(super) fn shown(&self) -> Position {
        Position { epoch: self.epoch, offset: self.shown_offset }
    }

    pub(super) fn flush(&mut self) {
        let position = self.shown();
        self.broadcasts.flush(&self.presence, position, self.context.clock.now_ms());
    }

    /// Sends a frame to each connection of a member, behind the broadcasts decided before it.
    pub(super) fn tell_member(&mut self, member: UserId, frame: &Bytes) {
        let connections: Vec<_> = self.presence.links_of(member).map(|link| link.id).collect();
        for connection in connections {
            self.broadcasts.push_to(connection, frame, &self.presence);
        }
    }

    pub(super) fn reply(&mut self, connection: ConnectionId, id: CommandId, outcome: &Outcome) {
        self.broadcasts.push_to(connection, &frame::json(&outcome.to_frame(id)), &self.presence);
    }
}
