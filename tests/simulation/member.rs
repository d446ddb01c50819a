//! A member with a client: keeps commands until they are answered, follows the room, comes back.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tutti::room::RoomHandle;
use tutti::room::state::Newcomer;
use tutti::transport::Link;
use tutti_protocol::{DeviceId, DevicePlayback, DeviceStatus, EntryId, PlaybackState, UserKind};
use tutti_test_client::{ClientState, CommandOutcome, PendingCommand, Received, received};

pub struct Member {
    pub newcomer: Newcomer,
    pub room: usize,
    pub line: Line,
    pub client: ClientState,
    /// Commands with their final results, to be repeated now and then.
    pub answered: Vec<(PendingCommand, CommandOutcome)>,
}

/// How a member is connected.
pub enum Line {
    Down,
    /// At the door; the room has not answered yet.
    Knocking(Arc<Link>, JoinHandle<Option<RoomHandle>>),
    Up(Connection),
}

pub struct Connection {
    pub link: Arc<Link>,
    pub room: RoomHandle,
    /// On the way to the member.
    pub coming: VecDeque<Received>,
    /// Nothing is read any more, and nobody knows.
    pub stalled: bool,
}

impl Member {
    pub fn new(name: &str, id: uuid::Uuid, room: usize) -> Self {
        let newcomer =
            Newcomer { id: tutti_protocol::UserId(id), name: name.to_owned(), kind: UserKind::Guest, picture: None };
        Self { newcomer, room, line: Line::Down, client: ClientState::default(), answered: vec![] }
    }

    pub fn up(&mut self) -> Option<&mut Connection> {
        match &mut self.line {
            Line::Up(connection) => Some(connection),
            _ => None,
        }
    }

    /// The device that it is connected with.
    pub fn device(&mut self) -> Option<DeviceId> {
        self.up().map(|connection| connection.link.device.id)
    }
}

impl Connection {
    pub fn new(link: Arc<Link>, room: RoomHandle) -> Self {
        Self { link, room, coming: VecDeque::new(), stalled: false }
    }

    /// Reads from the socket.
    pub fn read(&mut self) {
        self.coming.extend(self.link.outbox.take().iter().flat_map(|bytes| received(bytes)));
    }
}

/// What a device says that has these entries ready; `None`: one that makes no sound.
pub fn status(ready: Option<Vec<EntryId>>) -> DeviceStatus {
    let playback = ready.map(|ready| DevicePlayback {
        entry: None,
        position_ms: 0.0,
        at_ms: 0.0,
        error_ms: 0.0,
        deviation_ms: None,
        measured: None,
        state: PlaybackState::Idle,
        ready,
    });
    DeviceStatus { playback, idle: false }
}
