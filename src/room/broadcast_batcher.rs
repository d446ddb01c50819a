//! Batches a room's broadcasts: one write to each member instead of one per frame.
//!
//! The system call dominates the cost of a write, so three small frames in one write cost little more than one frame. The
//! first broadcast after a pause leaves immediately; those that follow within [`BROADCAST_WINDOW`] leave together, with
//! the replies behind them. A batch of [`BUSY_BATCH_FRAMES`] or more makes the next window [`BUSY_BROADCAST_WINDOW`]:
//! members cannot tell apart changes that come every few milliseconds.

use std::collections::HashMap;
use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use tutti_protocol::{ConnectionId, Position};

use super::presence::Presence;
use crate::clock::ms;
use crate::limits::{BROADCAST_BATCH_BYTES_MAX, BROADCAST_WINDOW, BUSY_BATCH_FRAMES, BUSY_BROADCAST_WINDOW};
use crate::transport;

/// Frames of the current batch.
#[derive(Debug, Default)]
pub(super) struct BroadcastBatcher {
    /// Frames for every connection, concatenated.
    frames: BytesMut,
    frames_count: u32,
    /// Connections whose write differs from everyone's; empty while there are no frames.
    overrides: HashMap<ConnectionId, Override>,
    /// End of the current window.
    window_ends_ms: i64,
}

/// How the write to one connection differs.
#[derive(Debug, Default)]
struct Override {
    /// The connection attached when `frames` had this length; its snapshot covers what lies before.
    from: usize,
    /// Frames for this connection only, sent behind the broadcasts.
    replies: BytesMut,
}

impl BroadcastBatcher {
    /// Adds a frame for every connection. A slow reader may lose it; a later snapshot replaces it.
    pub(super) fn push(&mut self, frame: &[u8]) {
        self.frames.extend_from_slice(frame);
        self.frames_count += 1;
    }

    /// Sends a frame to one connection behind the broadcasts decided before it. It is never dropped.
    pub(super) fn push_to(&mut self, connection: ConnectionId, frame: &Bytes, presence: &Presence) {
        if !self.frames.is_empty() {
            self.overrides.entry(connection).or_default().replies.extend_from_slice(frame);
        } else if let Some(link) = presence.link(connection) {
            link.outbox.push(frame);
        }
    }

    /// Leaves the frames of the batch so far out of the connection's write: its snapshot contains them.
    pub(super) fn attach(&mut self, connection: ConnectionId) {
        if !self.frames.is_empty() {
            self.overrides.entry(connection).or_default().from = self.frames.len();
        }
    }

    /// When to flush, immediately for a large batch; `None` while it is empty.
    pub(super) fn due_ms(&self) -> Option<i64> {
        let due_ms = if self.frames.len() > BROADCAST_BATCH_BYTES_MAX { i64::MIN } else { self.window_ends_ms };
        (!self.frames.is_empty()).then_some(due_ms)
    }

    /// Sends the batch, which ends at `position`, and starts the next window.
    pub(super) fn flush(&mut self, presence: &Presence, position: Position, now_ms: i64) {
        if self.frames.is_empty() {
            return;
        }
        let is_busy = std::mem::take(&mut self.frames_count) >= BUSY_BATCH_FRAMES;
        self.window_ends_ms = now_ms + ms(if is_busy { BUSY_BROADCAST_WINDOW } else { BROADCAST_WINDOW });
        // Frees the buffers: most rooms are quiet most of the time.
        let (frames, overrides) = (std::mem::take(&mut self.frames).freeze(), std::mem::take(&mut self.overrides));
        for (connection, outbox) in presence.outboxes() {
            match overrides.get(connection) {
                Some(Override { from, replies }) => outbox.push_with(&frames.slice(from..), replies),
                None => outbox.push_droppable(&frames),
            }
        }
        for relay in presence.relays() {
            let is_its = |connection: ConnectionId| {
                let link = presence.link(connection);
                link.and_then(|link| link.outbox.relay()).is_some_and(|known| Arc::ptr_eq(known, relay))
            };
            let overrides: Vec<_> = overrides
                .iter()
                .filter(|(connection, _)| is_its(**connection))
                .map(|(connection, Override { from, replies })| transport::Override {
                    connection: *connection,
                    from: *from,
                    replies,
                })
                .collect();
            relay.broadcast(position, &frames, &overrides);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_batch_waits_for_its_window_and_a_large_one_does_not() {
        let mut batcher = BroadcastBatcher::default();
        assert_eq!(batcher.due_ms(), None);
        batcher.push(b"first");
        batcher.flush(&Presence::default(), Position { epoch: 1, offset: 1 }, 1_000);
        assert_eq!(batcher.due_ms(), None);
        batcher.push(b"second");
        assert_eq!(batcher.due_ms(), Some(1_020));
        batcher.push(&vec![0; BROADCAST_BATCH_BYTES_MAX]);
        assert!(batcher.due_ms().is_some_and(|due_ms| due_ms <= 1_000));
    }
}
