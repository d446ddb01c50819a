//! What servers send each other about a room: JSON, followed by bytes for connections.
//!
//! Messages of both directions are numbered within a stream, which the server that holds the connections begins. A number that
//! is missing means that messages were lost, and a new stream begins. Only ever added to: servers of two versions share rooms
//! while they are replaced one by one.

use std::net::IpAddr;

use bytes::{BufMut, Bytes, BytesMut};
use serde::{Deserialize, Serialize};
use tutti_protocol::{
    Action, Command, CommandId, ConnectionId, Device, DeviceId, DeviceStatus, Entry, Output, Playback, Position,
    ProviderId, ReasonValues, Role, RoomCode, ScreenId, ServerFrame, SessionId, Track, TrackRef, UserId,
};
use uuid::Uuid;

use crate::cluster::post;
use crate::room::handle::RoomError;
use crate::room::state::Newcomer;
use crate::store::{LifeId, Sealed, StoredPasscode};
use crate::transport::frame;

/// A message about a room.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Head {
    pub(super) from: LifeId,
    pub(super) room: RoomCode,
    /// Rises with each stream that the holder of the connections begins.
    pub(super) stream: u64,
    /// Counts from 1 in each direction of a stream.
    pub(super) number: u64,
    pub(super) what: What,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum What {
    /// To the room's owner.
    Request(Request),
    /// From the room's owner.
    Said(Said),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Request {
    /// Begins a stream: what the owner knows of an earlier one is over.
    Open,
    /// The sender needs the room no longer.
    Close,
    /// Nothing new.
    Beat,
    Enter(Box<Entering>),
    Leave {
        connection: ConnectionId,
    },
    Command {
        connection: ConnectionId,
        by: UserId,
        id: CommandId,
        command: Command,
        tracks: Vec<Track>,
    },
    Status {
        connection: ConnectionId,
        status: DeviceStatus,
    },
    Resync {
        connection: ConnectionId,
    },
    Follow {
        device: Option<DeviceId>,
    },
    Unfollow {
        device: Option<DeviceId>,
    },
    NotifyHost {
        code: String,
        message: String,
        values: ReasonValues,
    },
    Ask {
        number: u64,
        question: Question,
    },
}

/// A connection that joins, or that was joined before the stream began.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Entering {
    pub(super) connection: ConnectionId,
    pub(super) party: EnteringParty,
    pub(super) address: IpAddr,
    pub(super) device: Device,
    pub(super) expires_at_ms: i64,
    /// Up to where its client knows the room.
    pub(super) resume: Option<Position>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum EnteringParty {
    User { newcomer: Newcomer, session: SessionId },
    Screen(ScreenId),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    RoleOf { user: UserId },
    Require { user: UserId, action: Action },
    SetPasscode { by: UserId, passcode: Option<Passcode> },
    AddScreen { by: UserId, screen: ScreenId, name: String },
    HasTrack { track: TrackRef },
    CloseRoom { by: UserId },
    HandOver { to: UserId },
    Connections,
    IsUnused,
    Merge { from: UserId, to: Newcomer },
    Forget { member: UserId },
}

/// A passcode as it is stored: hashed, and encrypted for those who may see it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Passcode {
    hash: String,
    sealed: Option<Vec<u8>>,
}

impl From<StoredPasscode> for Passcode {
    fn from(StoredPasscode { hash, sealed }: StoredPasscode) -> Self {
        Self { hash, sealed: sealed.map(|Sealed(bytes)| bytes) }
    }
}

impl From<Passcode> for StoredPasscode {
    fn from(Passcode { hash, sealed }: Passcode) -> Self {
        Self { hash, sealed: sealed.map(Sealed) }
    }
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Role(Option<Role>),
    Yes(bool),
    Count(usize),
    Done(Result<(), RoomError>),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Said {
    /// The sender does not own the room.
    NotOwner,
    /// Messages of the stream were lost: begin another one.
    Lost,
    /// Nothing new.
    Beat,
    /// The room as seen without a connection.
    View(Box<ViewChange>),
    /// Newcomers need another passcode, or none. It is read from the database.
    PasscodeChanged,
    /// Bytes that belong to the next message of another kind.
    Part,
    /// Frames for all connections that have joined, which then know the room up to `position`. The bytes of `overrides` follow
    /// them in order.
    Frames {
        position: Position,
        frames: usize,
        overrides: Vec<FramesOverride>,
    },
    /// A frame that is never dropped.
    Push {
        connection: ConnectionId,
    },
    Droppable {
        connection: ConnectionId,
    },
    Snapshot {
        connection: ConnectionId,
    },
    /// The first frames: `welcome`, of this length, and what the client missed.
    Welcome {
        connection: ConnectionId,
        welcome: usize,
        position: Position,
    },
    /// It did not join.
    Rejected {
        connection: ConnectionId,
        error: RoomError,
    },
    CloseConnection {
        connection: ConnectionId,
        code: u16,
    },
    Answer {
        number: u64,
        answer: Answer,
    },
}

#[derive(Debug, Serialize, Deserialize)]
pub(super) struct FramesOverride {
    pub(super) connection: ConnectionId,
    pub(super) from: usize,
    pub(super) replies: usize,
}

/// [`View`](crate::room::View), with its members as the difference to the one before in the stream.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct ViewChange {
    pub(super) host: Option<UserId>,
    pub(super) came: Vec<UserId>,
    pub(super) went: Vec<UserId>,
    pub(super) now_playing: Option<Entry>,
    pub(super) playback: Playback,
    pub(super) output: Output,
    pub(super) providers: Vec<ProviderId>,
    pub(super) closed: bool,
}

impl Head {
    /// What the message is about, the length of the head, the head, the bytes behind it.
    pub(super) fn encode(&self, bytes: &[u8]) -> Bytes {
        let head = serde_json::to_vec(self).expect("messages are JSON");
        let mut message = BytesMut::with_capacity(1 + 4 + head.len() + bytes.len());
        message.put_u8(post::ROOM);
        message.put_u32(u32::try_from(head.len()).expect("a head is short"));
        message.put_slice(&head);
        message.put_slice(bytes);
        message.freeze()
    }

    /// Decodes a message without its first byte. `None` when it is none that this version knows.
    pub(super) fn decode(message: &Bytes) -> Option<(Self, Bytes)> {
        let (length, rest) = message.split_first_chunk::<4>()?;
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        let head = serde_json::from_slice(rest.get(..length)?).ok()?;
        Some((head, message.slice(4 + length..)))
    }
}

/// The commands that are answered by frames from a server, in their order.
pub(super) fn answered(mut frames: &[u8]) -> Vec<CommandId> {
    const REPLY: &[u8] = br#"{"type":"reply","id":""#;
    let mut answered = vec![];
    while let Some((payload, next)) = first_payload(frames) {
        let id = payload.strip_prefix(REPLY).and_then(|rest| rest.split(|byte| *byte == b'"').next());
        answered.extend(id.and_then(|id| Uuid::try_parse_ascii(id).ok()).map(CommandId));
        frames = next;
    }
    answered
}

/// The frame of what a `welcome` tells its member only.
pub(super) fn own_in(welcome: &[u8]) -> Option<Bytes> {
    let (payload, _) = first_payload(welcome)?;
    match serde_json::from_slice(payload).ok()? {
        ServerFrame::Welcome { own, .. } => Some(frame::json(&ServerFrame::Own(own?))),
        _ => None,
    }
}

/// The payload of the first frame, and the frames behind it. Frames from a server are not masked.
fn first_payload(frames: &[u8]) -> Option<(&[u8], &[u8])> {
    let ([_, short], rest) = frames.split_first_chunk()?;
    let (length, rest) = match short {
        127 => rest.split_first_chunk().map(|(length, rest)| (u64::from_be_bytes(*length), rest))?,
        126 => rest.split_first_chunk().map(|(length, rest)| (u16::from_be_bytes(*length).into(), rest))?,
        short => (u64::from(*short), rest),
    };
    rest.split_at_checked(usize::try_from(length).ok()?)
}

#[cfg(test)]
mod tests {
    use tutti_protocol::Reason;

    use super::*;

    #[test]
    fn a_message_is_read_as_it_was_written() {
        let head = Head {
            from: LifeId(Uuid::from_u128(1)),
            room: RoomCode::from_bits(7),
            stream: 3,
            number: 9,
            what: What::Said(Said::Welcome {
                connection: ConnectionId(Uuid::from_u128(2)),
                welcome: 3,
                position: Position { epoch: 1, offset: 2 },
            }),
        };
        let message = head.encode(b"abcdef").slice(1..);
        let (read, bytes) = Head::decode(&message).expect("readable");
        assert_eq!(serde_json::to_value(&read).unwrap(), serde_json::to_value(&head).unwrap());
        assert_eq!(bytes, "abcdef");
        for cut in 0..message.len() - 6 {
            assert!(Head::decode(&message.slice(..cut)).is_none(), "{cut}");
        }
        assert!(Head::decode(&Bytes::from_static(b"\xff\xff\xff\xff{}")).is_none());
    }

    #[test]
    fn replies_are_found_among_other_frames_of_any_length() {
        let reply = |number, message: String| {
            frame::json(&ServerFrame::refused(
                CommandId(Uuid::from_u128(number)),
                Reason::NotStored,
                ReasonValues::new(),
                message,
            ))
        };
        let beat = frame::json(&ServerFrame::Heartbeat { offset: 1, server_time_ms: 2.0 });
        let frames = [
            reply(1, "short".into()),
            beat.clone(),
            reply(2, "x".repeat(500)),
            frame::ping(),
            reply(3, "x".repeat(70_000)),
            beat,
        ]
        .concat();
        assert_eq!(answered(&frames), [1, 2, 3].map(|number| CommandId(Uuid::from_u128(number))));
        for cut in 0..frames.len() {
            answered(&frames[..cut]);
        }
    }
}
