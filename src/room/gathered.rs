//! What leaves a room together.
//!
//! One write of three small frames costs hardly more than one of a single frame: what is paid for is the way through the
//! kernel. So after frames went out to everybody, those that follow within [`GATHERED`] leave as one write to each
//! member, their replies behind them. The first after a pause leaves at once: where somebody does something now and then
//! nobody waits, and where hundreds come at once each of them is not told of every other one by one. Where that gathers
//! [`GATHERED_MANY`], the next are gathered for longer: nobody sees what is done every few milliseconds.

use std::collections::HashMap;

use bytes::{Bytes, BytesMut};
use tutti_protocol::ConnectionId;

use super::presence::Presence;
use crate::limits::{GATHERED, GATHERED_BYTES_MAX, GATHERED_MANY, GATHERED_MANY_FOR};

/// Frames that wait to leave together.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    /// For everybody, one frame behind the other.
    frames: BytesMut,
    /// How many those are.
    frames_count: u32,
    /// Where connections get something else; empty while there are no frames.
    own: HashMap<ConnectionId, Own>,
    /// Until then what comes is gathered.
    until_ms: i64,
}

/// What is different for one connection.
#[derive(Debug, Default)]
struct Own {
    /// It came when the frames had this length, and knows them.
    from: usize,
    /// What it gets behind the frames, and nobody else.
    replies: BytesMut,
}

impl Gathered {
    /// A frame for everybody, which a later snapshot makes good.
    pub(super) fn push(&mut self, frame: &[u8]) {
        self.frames.extend_from_slice(frame);
        self.frames_count += 1;
    }

    /// A frame for one connection, which must not be lost: it leaves behind all that was decided before it.
    pub(super) fn push_to(&mut self, connection: ConnectionId, frame: &Bytes, presence: &Presence) {
        if !self.frames.is_empty() {
            self.own.entry(connection).or_default().replies.extend_from_slice(frame);
        } else if let Some(link) = presence.link(connection) {
            link.outbox.push(frame);
        }
    }

    /// A connection that knows everything so far.
    pub(super) fn admit(&mut self, connection: ConnectionId) {
        if !self.frames.is_empty() {
            self.own.entry(connection).or_default().from = self.frames.len();
        }
    }

    /// When it is to leave, now if it is much; `None` while nothing waits.
    pub(super) fn due_ms(&self) -> Option<i64> {
        let due_ms = if self.frames.len() > GATHERED_BYTES_MAX { i64::MIN } else { self.until_ms };
        (!self.frames.is_empty()).then_some(due_ms)
    }

    /// Lets everything out now.
    pub(super) fn flush(&mut self, presence: &Presence, now_ms: i64) {
        if self.frames.is_empty() {
            return;
        }
        let wait = if std::mem::take(&mut self.frames_count) < GATHERED_MANY { GATHERED } else { GATHERED_MANY_FOR };
        self.until_ms = now_ms + i64::try_from(wait.as_millis()).unwrap_or(0);
        // Nothing is kept: most rooms are quiet most of the time.
        let (frames, own) = (std::mem::take(&mut self.frames).freeze(), std::mem::take(&mut self.own));
        for (connection, outbox) in presence.outboxes() {
            match own.get(connection) {
                Some(Own { from, replies }) => outbox.push_with(&frames.slice(from..), replies),
                None => outbox.push_droppable(&frames),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn little_waits_and_much_does_not() {
        let mut gathered = Gathered::default();
        assert_eq!(gathered.due_ms(), None);
        gathered.push(b"first");
        gathered.flush(&Presence::default(), 1_000);
        assert_eq!(gathered.due_ms(), None);
        gathered.push(b"second");
        assert_eq!(gathered.due_ms(), Some(1_020));
        gathered.push(&vec![0; GATHERED_BYTES_MAX]);
        assert!(gathered.due_ms().is_some_and(|due_ms| due_ms <= 1_000));
    }
}
