//! From a room's owner to the connections that another server holds.

use bytes::Bytes;
use parking_lot::Mutex;
use tutti_protocol::{ConnectionId, Position, RoomCode};

use super::Remotes;
use super::message::{FramesOverride, Head, Said, What};
use crate::limits::REMOTE_MESSAGE_BYTES_MAX;
use crate::store::LifeId;
use crate::transport::{self, Override, Write};

/// One stream of messages to the server that holds connections.
#[derive(Debug)]
pub(super) struct Relay {
    remotes: Remotes,
    to: LifeId,
    room: RoomCode,
    stream: u64,
    sent: Mutex<u64>,
}

impl Relay {
    pub(super) fn new(remotes: Remotes, to: LifeId, room: RoomCode, stream: u64) -> Self {
        Self { remotes, to, room, stream, sent: Mutex::new(0) }
    }

    pub(super) fn say(&self, said: Said) {
        self.say_with(said, &[]);
    }

    /// Says something with bytes, in several messages if they do not fit into one.
    fn say_with(&self, said: Said, mut bytes: &[u8]) {
        let mut sent = self.sent.lock();
        while let Some((part, rest)) =
            bytes.split_at_checked(REMOTE_MESSAGE_BYTES_MAX).filter(|(_, rest)| !rest.is_empty())
        {
            self.send(&mut sent, Said::Part, part);
            bytes = rest;
        }
        self.send(&mut sent, said, bytes);
    }

    fn send(&self, sent: &mut u64, said: Said, bytes: &[u8]) {
        *sent += 1;
        let (from, room, stream) = (self.remotes.me(), self.room, self.stream);
        let head = Head { from, room, stream, number: *sent, what: What::Said(said) };
        self.remotes.send(self.to, &head, bytes);
    }
}

impl transport::Relay for Relay {
    fn write(&self, connection: ConnectionId, write: Write) {
        match write {
            Write::Push(frame) => self.say_with(Said::Push { connection }, &frame),
            Write::Droppable(frame) => self.say_with(Said::Droppable { connection }, &frame),
            Write::Snapshot(frame) => self.say_with(Said::Snapshot { connection }, &frame),
            Write::Welcome { welcome, state, position } => {
                let said = Said::Welcome { connection, welcome: welcome.len(), position };
                self.say_with(said, &[welcome, state].concat());
            }
            Write::Close(code) => self.say(Said::CloseConnection { connection, code: code.code() }),
        }
    }

    fn broadcast(&self, position: Position, frames: &Bytes, overrides: &[Override<'_>]) {
        let named = overrides.iter().map(|Override { connection, from, replies }| FramesOverride {
            connection: *connection,
            from: *from,
            replies: replies.len(),
        });
        let said = Said::Frames { position, frames: frames.len(), overrides: named.collect() };
        if overrides.is_empty() {
            return self.say_with(said, frames);
        }
        let replies = overrides.iter().flat_map(|Override { replies, .. }| *replies);
        let bytes: Vec<u8> = frames.iter().chain(replies).copied().collect();
        self.say_with(said, &bytes);
    }

    fn end(&self) {
        self.say(Said::NotOwner);
    }
}
