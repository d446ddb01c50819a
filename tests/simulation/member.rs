//! A member and its connection. The client keeps commands until they are answered and resumes after a lost connection.

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
    pub link: LinkState,
    pub client: ClientState,
    /// Commands with their final outcomes. Some are sent again.
    pub answered: Vec<(PendingCommand, CommandOutcome)>,
}

/// A member's connection.
pub enum LinkState {
    Disconnected,
    /// The room has not answered yet.
    Joining(Joining),
    Connected(Connection),
}

pub struct Joining {
    pub server: usize,
    pub link: Arc<Link>,
    pub task: JoinHandle<Option<RoomHandle>>,
}

pub struct Connection {
    pub server: usize,
    pub link: Arc<Link>,
    pub room: RoomHandle,
    /// Frames in transit to the member.
    pub in_transit: VecDeque<Received>,
    /// The client has stopped reading; neither side has noticed.
    pub stalled: bool,
}

impl Member {
    pub fn new(name: &str, id: uuid::Uuid, room: usize) -> Self {
        let newcomer =
            Newcomer { id: tutti_protocol::UserId(id), name: name.to_owned(), kind: UserKind::Guest, picture: None };
        Self { newcomer, room, link: LinkState::Disconnected, client: ClientState::default(), answered: vec![] }
    }

    pub fn connection(&mut self) -> Option<&mut Connection> {
        match &mut self.link {
            LinkState::Connected(connection) => Some(connection),
            _ => None,
        }
    }

    /// The server that the member is connected to, or connects to.
    pub fn server(&self) -> Option<usize> {
        match &self.link {
            LinkState::Disconnected => None,
            LinkState::Joining(joining) => Some(joining.server),
            LinkState::Connected(connection) => Some(connection.server),
        }
    }

    /// The device of the current connection.
    pub fn device(&mut self) -> Option<DeviceId> {
        self.connection().map(|connection| connection.link.device.id)
    }
}

impl Connection {
    pub fn new(server: usize, link: Arc<Link>, room: RoomHandle) -> Self {
        Self { server, link, room, in_transit: VecDeque::new(), stalled: false }
    }

    /// Moves frames from the outbox into transit.
    pub fn read(&mut self) {
        self.in_transit.extend(self.link.outbox.take().iter().flat_map(|bytes| received(bytes)));
    }
}

/// The status of a device that has these entries ready; `None`: it does not play.
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
