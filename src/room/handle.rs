//! The handle by which the rest of the server talks to a room.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use tokio::sync::{mpsc, oneshot, watch};
use tutti_protocol::{
    Action, Command, CommandId, ConnectionId, DeviceId, DeviceStatus, Position, ReasonValues, Role, RoomId, ScreenId,
    Track, TrackRef, UserId,
};

use super::state::{Newcomer, Refusal};
use super::view::View;
use crate::store::StoredPasscode;
use crate::transport::Link;

/// Sends messages to a room's actor. Cheap to clone; the room stays in memory while a handle exists.
#[derive(Clone, Debug)]
pub struct RoomHandle {
    pub(super) id: RoomId,
    pub(super) passcode: PasscodeHash,
    /// Boxed messages: a channel allocates at least 32 slots, and a quiet room uses none.
    pub(super) inbox: mpsc::Sender<Box<Message>>,
    pub(super) view: watch::Receiver<View>,
}

/// The hash of a room's passcode. Changed by the room's actor, once the change is durable.
#[derive(Clone, Default)]
pub(super) struct PasscodeHash(watch::Sender<Option<Arc<str>>>);

impl fmt::Debug for PasscodeHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasscodeHash(…)")
    }
}

impl PasscodeHash {
    pub(super) fn set(&self, passcode: Option<&StoredPasscode>) {
        self.0.send_replace(passcode.map(|passcode| passcode.hash.as_str().into()));
    }

    /// Notices changes.
    pub(super) fn subscribe(&self) -> watch::Receiver<Option<Arc<str>>> {
        self.0.subscribe()
    }
}

/// A connection that asks to join.
#[derive(Debug)]
pub struct Join {
    /// The connection.
    pub link: Arc<Link>,
    /// Its user.
    pub newcomer: Newcomer,
    /// The position up to which its client knows the room.
    pub resume: Option<Position>,
}

/// Why a room did not do what was asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
pub enum RoomError {
    /// The room's rules forbid it.
    #[error("{0}")]
    Refused(Refusal),
    /// The store fails, or the room has left memory.
    #[error("the room is not available at the moment")]
    Unavailable,
}

/// Where a command comes from and what its reply refers to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origin {
    pub(super) connection: ConnectionId,
    pub(super) by: UserId,
    pub(super) id: CommandId,
}

#[derive(Debug)]
pub(super) enum Message {
    Join {
        join: Join,
        joined: oneshot::Sender<Result<(), RoomError>>,
    },
    JoinScreen {
        link: Arc<Link>,
        resume: Option<Position>,
        joined: oneshot::Sender<Result<(), RoomError>>,
    },
    Command {
        origin: Origin,
        command: Command,
        tracks: Vec<Track>,
    },
    Status {
        connection: ConnectionId,
        status: DeviceStatus,
    },
    Follow {
        device: Option<DeviceId>,
    },
    Unfollow {
        device: Option<DeviceId>,
    },
    Resync {
        connection: ConnectionId,
    },
    Disconnect {
        connection: ConnectionId,
    },
    RoleOf {
        user: UserId,
        role: oneshot::Sender<Option<Role>>,
    },
    Require {
        user: UserId,
        action: Action,
        allowed: oneshot::Sender<Result<(), RoomError>>,
    },
    SetPasscode {
        by: UserId,
        passcode: Option<StoredPasscode>,
        set: oneshot::Sender<Result<(), RoomError>>,
    },
    AddScreen {
        by: UserId,
        screen: ScreenId,
        name: String,
        added: oneshot::Sender<Result<(), RoomError>>,
    },
    HasTrack {
        track: TrackRef,
        has: oneshot::Sender<bool>,
    },
    Close {
        by: UserId,
        closed: oneshot::Sender<Result<(), RoomError>>,
    },
    HandOver {
        to: UserId,
        done: oneshot::Sender<Result<(), RoomError>>,
    },
    Connections {
        count: oneshot::Sender<usize>,
    },
    IsUnused {
        unused: oneshot::Sender<bool>,
    },
    Merge {
        from: UserId,
        to: Newcomer,
        merged: oneshot::Sender<Result<(), RoomError>>,
    },
    Forget {
        member: UserId,
        forgotten: oneshot::Sender<Result<(), RoomError>>,
    },
    NotifyHost {
        code: Cow<'static, str>,
        message: String,
        values: ReasonValues,
    },
    /// Another server wants to relay its connections to this room.
    Serve {
        serves: oneshot::Sender<bool>,
    },
}

impl RoomHandle {
    /// The room.
    pub fn id(&self) -> RoomId {
        self.id
    }

    /// The bcrypt hash of the passcode, when newcomers need one.
    pub fn passcode_hash(&self) -> Option<Arc<str>> {
        self.passcode.0.borrow().clone()
    }

    /// Joins a connection. Once this returns `Ok`, its outbox holds `welcome` and the room's state.
    pub async fn join(&self, join: Join) -> Result<(), RoomError> {
        self.ask(|joined| Message::Join { join, joined }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Joins a connection of a screen, which the room must have. It gets what members get, except for what is a member's own.
    pub async fn join_screen(&self, link: Arc<Link>, resume: Option<Position>) -> Result<(), RoomError> {
        self.ask(|joined| Message::JoinScreen { link, resume, joined }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Adds a screen on behalf of `by`. `Ok` means durable, also when the room had it before.
    pub async fn add_screen(&self, by: UserId, screen: ScreenId, name: String) -> Result<(), RoomError> {
        self.ask(|added| Message::AddScreen { by, screen, name, added }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// A member's role; `None` for anyone else.
    pub async fn role_of(&self, user: UserId) -> Option<Role> {
        self.ask(|role| Message::RoleOf { user, role }).await.flatten()
    }

    /// Refuses unless the user is a member with the permission for an action.
    pub async fn require(&self, user: UserId, action: Action) -> Result<(), RoomError> {
        self.ask(|allowed| Message::Require { user, action, allowed }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Sets, changes or removes the passcode on behalf of `by`. `Ok` means durable; newcomers need the new one from then on.
    pub async fn set_passcode(&self, by: UserId, passcode: Option<StoredPasscode>) -> Result<(), RoomError> {
        self.ask(|set| Message::SetPasscode { by, passcode, set }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Whether a track is on or coming up; see [`RoomState::has_track`](super::state::RoomState::has_track).
    pub async fn has_track(&self, track: TrackRef) -> bool {
        self.ask(|has| Message::HasTrack { track, has }).await.unwrap_or(false)
    }

    /// Closes the room on behalf of `by`.
    pub async fn close(&self, by: UserId) -> Result<(), RoomError> {
        self.ask(|closed| Message::Close { by, closed }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Makes a member the host, on behalf of an operator of the server. `Ok` means durable, also for the present host.
    pub async fn hand_over(&self, to: UserId) -> Result<(), RoomError> {
        self.ask(|done| Message::HandOver { to, done }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// The number of its connections.
    pub async fn connections(&self) -> usize {
        self.ask(|count| Message::Connections { count }).await.unwrap_or(0)
    }

    /// Whether nothing ever happened in the room and it has no connection.
    pub async fn is_unused(&self) -> bool {
        self.ask(|unused| Message::IsUnused { unused }).await.unwrap_or(false)
    }

    /// Merges a guest into the account of the same person. `Ok` means durable, also when there was nothing to merge. Closes
    /// the guest's connections with 4003; their next token must be the account's, or the guest joins as a new member.
    pub async fn merge(&self, from: UserId, to: Newcomer) -> Result<(), RoomError> {
        self.ask(|merged| Message::Merge { from, to, merged }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Forgets a user, member or not: once this returns `Ok`, neither the room nor any stored row of it holds their name or
    /// picture. Closes their connections with 4510. A host's room passes to the first co-host to have joined, else to the
    /// first player who is present, else it closes. The caller must prevent the user from joining again.
    pub async fn forget(&self, member: UserId) -> Result<(), RoomError> {
        self.ask(|forgotten| Message::Forget { member, forgotten }).await.unwrap_or(Err(RoomError::Unavailable))
    }

    /// Sends a command; its reply goes to the connection's outbox. `tracks` are the tracks it names, in its order, without
    /// those that their provider does not know. Waits while the room's inbox is full.
    pub async fn command(
        &self,
        connection: ConnectionId,
        by: UserId,
        id: CommandId,
        command: Command,
        tracks: Vec<Track>,
    ) {
        let origin = Origin { connection, by, id };
        self.send(Message::Command { origin, command, tracks }).await;
    }

    /// Reports a device's status. Dropped when the room's inbox is full.
    pub fn status(&self, connection: ConnectionId, status: DeviceStatus) {
        let _ = self.inbox.try_send(Box::new(Message::Status { connection, status }));
    }

    /// A device that plays without a connection follows the room from now on, in place of the room device `device`.
    pub async fn follow(&self, device: Option<DeviceId>) {
        self.send(Message::Follow { device }).await;
    }

    /// Ends what [`Self::follow`] with the same device began.
    pub async fn unfollow(&self, device: Option<DeviceId>) {
        self.send(Message::Unfollow { device }).await;
    }

    /// The room's view, which follows its durable state.
    pub fn view(&self) -> watch::Receiver<View> {
        self.view.clone()
    }

    /// Sends a `notice` to the host's connections. Dropped when the room's inbox is full.
    pub fn notify_host(&self, code: &'static str, message: String, values: ReasonValues) {
        let _ = self.inbox.try_send(Box::new(Message::NotifyHost { code: code.into(), message, values }));
    }

    /// Requests a snapshot for a connection that missed deltas and is writable again.
    pub async fn resync(&self, connection: ConnectionId) {
        self.send(Message::Resync { connection }).await;
    }

    /// Reports that a connection has ended.
    pub async fn disconnect(&self, connection: ConnectionId) {
        self.send(Message::Disconnect { connection }).await;
    }

    pub(super) async fn ask<T>(&self, message: impl FnOnce(oneshot::Sender<T>) -> Message) -> Option<T> {
        let (answer, answered) = oneshot::channel();
        self.send(message(answer)).await;
        answered.await.ok()
    }

    /// Drops the message when the room has left memory; with it goes the sender of its answer.
    async fn send(&self, message: Message) {
        let _ = self.inbox.send(Box::new(message)).await;
    }
}
