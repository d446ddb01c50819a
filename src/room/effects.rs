//! Everything that leaves a room, queued until the events behind it are durable.
//!
//! One queue holds all outgoing effects in the order of their decisions. Effects without events of their own wait too: a
//! refusal may rest on an event that is not durable yet.

use std::collections::VecDeque;
use std::sync::Arc;

use bytes::Bytes;
use tokio::sync::oneshot;
use tutti_protocol::{CloseCode, CommandId, ConnectionId, Event, Position, ScreenId, UserId};

use super::handle::RoomError;
use super::replies::Outcome;
use super::state::Refusal;
use super::view::View;
use super::wire::DeltaFacts;
use crate::store::StoredPasscode;
use crate::store::journal::Appended;
use crate::transport::Link;

/// One outgoing effect.
#[derive(Debug)]
pub(super) enum Effect {
    /// Adds a durable batch to the history and sends its delta to every connection.
    Broadcast { frame: Bytes, offset: u64, events_count: u64, at_ms: i64, events: String },
    /// Sends every connection a frame that is not kept in the history.
    BroadcastUnrecorded { frame: Bytes },
    /// Publishes the room's new view.
    PublishView { view: Box<View> },
    /// Sends a member what is told to them only.
    TellMember { member: UserId, frame: Bytes },
    /// Replies to a command, or repeats its first reply.
    Reply { connection: ConnectionId, id: CommandId, outcome: Outcome, is_repeated: bool },
    /// Asks newcomers for another passcode, or for none.
    UsePasscode { passcode: Option<StoredPasscode> },
    /// Confirms a request of the server itself.
    Confirm { done: oneshot::Sender<Result<(), RoomError>> },
    /// Rejects a join.
    RejectJoin { joined: oneshot::Sender<Result<(), RoomError>>, refusal: Refusal },
    /// Attaches a connection: it receives everything from here on.
    Attach(Box<Attach>),
    /// Removes a connection that has ended.
    Detach { connection: ConnectionId },
    /// Sends a snapshot to a connection that missed deltas.
    Resync { connection: ConnectionId, snapshot: Bytes },
    /// Closes a guest's connections: the guest has become an account.
    Merged { from: UserId, to: UserId },
    /// Empties the history: it names a forgotten member.
    DropHistory,
    /// Closes all connections of a member.
    CloseMember { member: UserId, code: CloseCode },
    /// Closes all connections of a screen.
    CloseScreen { screen: ScreenId },
    /// Closes all connections.
    CloseAll { code: CloseCode },
}

impl Effect {
    /// What an event does to connections, besides its delta.
    pub(super) fn of(event: &Event) -> Option<Self> {
        match event {
            Event::MemberKicked { member, .. } => Some(Self::CloseMember { member: *member, code: CloseCode::Kicked }),
            Event::MemberBanned { member, .. } => Some(Self::CloseMember { member: *member, code: CloseCode::Banned }),
            Event::MemberLeft { member } | Event::MemberForgotten { member } => {
                Some(Self::CloseMember { member: *member, code: CloseCode::Left })
            }
            Event::MemberMerged { from, to } => Some(Self::Merged { from: *from, to: to.id }),
            Event::ScreenRemoved { screen, .. } => Some(Self::CloseScreen { screen: *screen }),
            Event::RoomClosed { .. } => Some(Self::CloseAll { code: CloseCode::RoomClosed }),
            _ => None,
        }
    }
}

/// A connection to attach.
#[derive(Debug)]
pub(super) struct Attach {
    pub(super) link: Arc<Link>,
    pub(super) joined: oneshot::Sender<Result<(), RoomError>>,
    pub(super) welcome: Bytes,
    pub(super) catch_up: CatchUp,
}

/// How a new connection learns the room's state.
#[derive(Debug)]
pub(super) enum CatchUp {
    /// Its client missed nothing.
    Nothing,
    /// One delta with everything after `from`, and the current order of play and waitlist.
    Resume { from: u64, position: Position, facts: DeltaFacts },
    /// A full snapshot.
    Snapshot(Bytes),
}

/// Effects in decision order, each group behind the append it depends on.
#[derive(Debug, Default)]
pub(super) struct PendingEffects {
    groups: VecDeque<Group>,
}

#[derive(Debug)]
struct Group {
    /// `None`: depends only on the groups before it.
    append: Option<oneshot::Receiver<Appended>>,
    effects: Vec<Effect>,
}

impl PendingEffects {
    pub(super) fn is_empty(&self) -> bool {
        self.groups.is_empty()
    }

    /// Queues effects until `append` and all appends before it are durable.
    pub(super) fn push(&mut self, append: Option<oneshot::Receiver<Appended>>, effects: Vec<Effect>) {
        self.groups.push_back(Group { append, effects });
    }

    /// Waits for the first group's append; true when it is durable. Cancel-safe. Requires a pending group.
    pub(super) async fn appended(&mut self) -> bool {
        match self.groups.front_mut().and_then(|group| group.append.as_mut()) {
            Some(append) => matches!(append.await, Ok(Ok(()))),
            None => true,
        }
    }

    /// Takes the first group, whose append is durable, and the groups that depended only on it.
    pub(super) fn release(&mut self) -> Vec<Effect> {
        let mut released = self.groups.pop_front().map(|group| group.effects).unwrap_or_default();
        while self.groups.front().is_some_and(|group| group.append.is_none()) {
            released.extend(self.groups.pop_front().into_iter().flat_map(|group| group.effects));
        }
        released
    }

    /// Takes everything, after an append failed.
    pub(super) fn take_all(&mut self) -> Vec<Effect> {
        self.groups.drain(..).flat_map(|group| group.effects).collect()
    }
}
