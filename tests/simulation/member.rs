//! A member with a client: keeps commands until they are answered, follows the room, comes back.

use std::collections::VecDeque;
use std::sync::Arc;

use tokio::task::JoinHandle;
use tutti::room::RoomHandle;
use tutti::room::state::Newcomer;
use tutti::transport::Link;
use tutti_protocol::{
    Command, CommandId, DeviceId, DevicePlayback, DeviceStatus, EntryId, PlaybackState, Position, ServerFrame, UserKind,
};

use crate::auditor::Answered;

pub struct Member {
    pub newcomer: Newcomer,
    pub room: usize,
    pub line: Line,
    /// Up to where its client knows the room.
    pub known: Option<Position>,
    /// Commands without an answer, in the order in which they were given, and since when.
    pub pending: Vec<(CommandId, Command, f64)>,
    /// Commands that were answered, and when they were given, to be repeated now and then.
    pub answered: Vec<(CommandId, Command, Answered, f64)>,
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
    pub coming: VecDeque<Got>,
    /// Nothing is read any more, and nobody knows.
    pub stalled: bool,
}

/// Something that a connection is sent.
#[derive(Clone, Debug)]
pub enum Got {
    Frame(Box<ServerFrame>),
    Ping,
    Close,
}

impl Member {
    pub fn new(name: &str, id: uuid::Uuid, room: usize) -> Self {
        let newcomer =
            Newcomer { id: tutti_protocol::UserId(id), name: name.to_owned(), kind: UserKind::Guest, picture: None };
        Self { newcomer, room, line: Line::Down, known: None, pending: vec![], answered: vec![] }
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
        for bytes in self.link.outbox.take() {
            let mut rest = &bytes[..];
            while !rest.is_empty() {
                let (got, length) = parse(rest);
                self.coming.push_back(got);
                rest = &rest[length..];
            }
        }
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

/// One frame, and how long it is.
fn parse(bytes: &[u8]) -> (Got, usize) {
    let (start, length) = match bytes[1] {
        126 => (4, usize::from(u16::from_be_bytes([bytes[2], bytes[3]]))),
        127 => (10, usize::try_from(u64::from_be_bytes(bytes[2..10].try_into().expect("eight"))).expect("fits")),
        short => (2, usize::from(short)),
    };
    let payload = &bytes[start..start + length];
    let got = match bytes[0] & 0x0F {
        1 => Got::Frame(Box::new(serde_json::from_slice(payload).expect("a frame of the contract"))),
        8 => Got::Close,
        9 => Got::Ping,
        other => panic!("opcode {other}"),
    };
    (got, start + length)
}
