//! How the rest of the server talks to a room.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot, watch};
use tutti_protocol::{Command, CommandId, ConnectionId, DeviceStatus, Position, Role, RoomId, Track, UserId};

use super::state::{Newcomer, Refusal};
use super::view::View;
use crate::transport::Link;

/// A cheap clone around the way to a room's actor. While one exists the room stays in memory.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    pub(super) id: RoomId,
    pub(super) passcode_hash: Option<Arc<str>>,
    /// In boxes: a channel keeps at least 32 places, of which a quiet room uses none.
    pub(super) inbox: mpsc::Sender<Box<Message>>,
    pub(super) view: watch::Receiver<View>,
}

/// A connection at the door.
#[derive(Debug)]
pub struct Join {
    /// The connection.
    pub link: Arc<Link>,
    /// Who is at its end.
    pub newcomer: Newcomer,
    /// Up to where they know the room.
    pub resume: Option<Position>,
}

/// Why a connection does not get in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// The room's decision.
    #[error("{0}")]
    Refused(Refusal),
    /// The room cannot make anything durable at the moment, or is gone.
    #[error("the room is not available at the moment")]
    Unavailable,
}

#[derive(Debug)]
pub(super) enum Message {
    Join { join: Join, joined: oneshot::Sender<Result<(), JoinError>> },
    Command { connection: ConnectionId, by: UserId, id: CommandId, command: Command, tracks: Vec<Track> },
    Status { connection: ConnectionId, status: DeviceStatus },
    Resync { connection: ConnectionId },
    Disconnect { connection: ConnectionId },
    RoleOf { user: UserId, role: oneshot::Sender<Option<Role>> },
    Close { by: UserId, closed: oneshot::Sender<Result<(), JoinError>> },
    Merge { from: UserId, to: Newcomer, merged: oneshot::Sender<Result<(), JoinError>> },
    Forget { member: UserId, forgotten: oneshot::Sender<Result<(), JoinError>> },
    NotifyHost { code: &'static str, message: String },
}

impl RoomHandle {
    /// The room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// bcrypt of the passcode, when one is asked of newcomers.
    pub fn passcode_hash(&self) -> Option<&Arc<str>> {
        self.passcode_hash.as_ref()
    }

    /// Lets a connection in: once this returns, `welcome` and the room are in its outbox.
    pub async fn join(&self, join: Join) -> Result<(), JoinError> {
        self.ask(|joined| Message::Join { join, joined }).await.unwrap_or(Err(JoinError::Unavailable))
    }

    /// The role of somebody who belongs to the room.
    pub async fn role_of(&self, user: UserId) -> Option<Role> {
        self.ask(|role| Message::RoleOf { user, role }).await.flatten()
    }

    /// Closes the room, by whoever may.
    pub async fn close(&self, by: UserId) -> Result<(), JoinError> {
        self.ask(|closed| Message::Close { by, closed }).await.unwrap_or(Err(JoinError::Unavailable))
    }

    /// Makes what is a guest's in the room an account's, once it is known that they are the same person; `Ok` when it is
    /// durable, also when there was nothing to do. The guest's connections are closed with 4003: their next token must
    /// speak for the account, or the guest comes in again as somebody new.
    pub async fn merge(&self, from: UserId, to: Newcomer) -> Result<(), JoinError> {
        self.ask(|merged| Message::Merge { from, to, merged }).await.unwrap_or(Err(JoinError::Unavailable))
    }

    /// Forgets somebody: once this returns `Ok`, neither the room nor any stored row of it holds their name or picture,
    /// whether or not they were a member still. Their connections are closed with 4510. A host's room goes to the
    /// co-host who joined first, else to the player who did and is here, else it is closed. Whoever calls this keeps
    /// them from coming in again.
    pub async fn forget(&self, member: UserId) -> Result<(), JoinError> {
        self.ask(|forgotten| Message::Forget { member, forgotten }).await.unwrap_or(Err(JoinError::Unavailable))
    }

    /// Hands a command over; its reply goes to the connection's outbox. `tracks` are those of the tracks it names that
    /// their providers know, in its order. Waits while the room's inbox is full.
    pub async fn command(
        &self,
        connection: ConnectionId,
        by: UserId,
        id: CommandId,
        command: Command,
        tracks: Vec<Track>,
    ) {
        self.send(Message::Command { connection, by, id, command, tracks }).await;
    }

    /// What a device is doing. Dropped when the room has more to do than it can.
    pub fn status(&self, connection: ConnectionId, status: DeviceStatus) {
        let _ = self.inbox.try_send(Box::new(Message::Status { connection, status }));
    }

    /// What goes on in the room, now and from now on. Only what is durable is seen.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.clone()
    }

    /// Tells the host something by a `notice`, on the devices that are connected. Dropped when the room has more to do than
    /// it can.
    pub fn notify_host(&self, code: &'static str, message: String) {
        let _ = self.inbox.try_send(Box::new(Message::NotifyHost { code, message }));
    }

    /// A connection that missed deltas can be written again.
    pub async fn resync(&self, connection: ConnectionId) {
        self.send(Message::Resync { connection }).await;
    }

    /// A connection is gone.
    pub async fn disconnect(&self, connection: ConnectionId) {
        self.send(Message::Disconnect { connection }).await;
    }

    async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.send(message(answer)).await;
        answered.await.ok()
    }

    /// A room that is gone takes nothing; whoever waits for an answer sees its sender dropped.
    async fn send(&self, message: Message) {
        let _ = self.inbox.send(Box::new(message)).await;
    }
}
