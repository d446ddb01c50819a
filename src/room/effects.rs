//! What leaves a room, held back until the events that cause it are durable.
//!
//! Everything outward goes through one queue in the order in which it was decided, also what causes no events itself: a
//! refusal may rest on an event that is not durable yet.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tutti_protocol::{CloseCode, CommandId, ConnectionId, Entry, Event, Position, UserId};

use super::handle::JoinError;
use super::replies::Outcome;
use super::state::Refusal;
use super::view::View;
use crate::store::journal::Appended;
use crate::transport::Link;

/// Something that leaves a room.
#[derive(Debug)]
pub(super) enum Effect {
    /// A batch is durable: it goes into the history and to everyone.
    Broadcast { frame: Bytes, offset: u64, events_count: u64, at_ms: i64, events: String },
    /// Those who follow the room see what it has come to.
    Show { view: Box<View> },
    /// Everybody who is connected is told something that is kept nowhere.
    Tell { frame: Bytes },
    /// A command is answered.
    Reply { connection: ConnectionId, id: CommandId, outcome: Outcome },
    /// Somebody who waits for a decision is told that it lasts.
    Answer { answer: oneshot::Sender<Result<(), JoinError>> },
    /// Somebody who does not come in is told why.
    TurnAway { joined: oneshot::Sender<Result<(), JoinError>>, refusal: Refusal },
    /// A connection takes part from here on.
    Attach(Box<Attach>),
    /// A connection is gone.
    Detach { connection: ConnectionId },
    /// A connection that missed deltas gets a snapshot.
    Resync { connection: ConnectionId, snapshot: Bytes },
    /// A guest is an account now.
    Merged { from: UserId, to: UserId },
    /// Somebody is forgotten: what was before is not told any more.
    DropHistory,
    /// A member's connections are closed.
    CloseMember { member: UserId, code: CloseCode },
    /// All connections are closed.
    CloseAll { code: CloseCode },
}

impl Effect {
    /// What follows from an event for the connections, besides that they are told.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::MemberKicked { member, .. } => Some(Self::CloseMember { member: *member, code: CloseCode::Kicked }),
            Event::MemberBanned { member, .. } => Some(Self::CloseMember { member: *member, code: CloseCode::Banned }),
            Event::MemberLeft { member } | Event::MemberForgotten { member } => {
                Some(Self::CloseMember { member: *member, code: CloseCode::Left })
            }
            Event::MemberMerged { from, to } => Some(Self::Merged { from: *from, to: to.id }),
            Event::RoomClosed { .. } => Some(Self::CloseAll { code: CloseCode::RoomClosed }),
            _ => None,
        }
    }
}

/// A connection that takes part once everything before it is durable.
#[derive(Debug)]
pub(super) struct Attach {
    pub(super) link: Arc<Link>,
    pub(super) joined: oneshot::Sender<Result<(), JoinError>>,
    pub(super) welcome: Bytes,
    pub(super) catch_up: CatchUp,
}

/// How a new connection gets to know the room.
#[derive(Debug)]
pub(super) enum CatchUp {
    /// It missed nothing.
    Nothing,
    /// It knows everything up to an offset: it gets the rest as one delta, with the order as it is.
    Resume { from: u64, position: Position, upcoming: (Vec<Entry>, u32) },
    /// It gets everything.
    Snapshot(Bytes),
}

/// Effects in the order in which they were decided, each group behind its append.
#[derive(Debug, Default)]
pub(super) struct Held {
    groups: VecDeque<Group>,
}

#[derive(Debug)]
struct Group {
    /// `None`: waits only for those before it.
    append: Option<oneshot::Receiver<Appended>>,
    effects: Vec<Effect>,
}

impl Held {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Holds effects until `append` and all before it are durable.
    pub(super) fn push(&mut self, append: Option<oneshot::Receiver<Appended>>, effects: Vec<Effect>) {
        self.groups.push_back(Group { append, effects });
    }

    /// Resolves when the first group's append is done, with whether it is durable. Cancel-safe. Must not be called when
    /// nothing is held.
    pub(super) async fn appended(&mut self) -> bool {
        match self.groups.front_mut().and_then(|group| group.append.as_mut()) {
            Some(append) => matches!(append.await, Ok(Ok(()))),
            None => true,
        }
    }

    /// The effects of the first group, whose append is done, and of those that waited only for it.
    pub(super) fn release(&mut self) -> Vec<Effect> {
        let mut released = self.groups.pop_front().map(|group| group.effects).unwrap_or_default();
        while self.groups.front().is_some_and(|group| group.append.is_none()) {
            released.extend(self.groups.pop_front().into_iter().flat_map(|group| group.effects));
        }
        released
    }

    /// All that is held, after an append failed: none of it has happened.
    pub(super) fn take_all(&mut self) -> Vec<Effect> {
        self.groups.drain(..).flat_map(|group| group.effects).collect()
    }
}
