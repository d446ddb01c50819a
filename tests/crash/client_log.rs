//! What each client observed, for the verifier. All members of a room get the same bytes, so each frame is parsed once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tutti_protocol::{Command, CommandId, Position, RoomCode, ServerFrame, UserId};
use tutti_test_client::CommandOutcome;

/// Frames of a room that are kept for comparison.
const FRAMES_MAX: usize = 64;

/// A frame that all members of a room are sent.
pub struct SharedFrame {
    text: Utf8Bytes,
    pub content: ServerFrame,
    verified: AtomicBool,
}

impl SharedFrame {
    /// True for the first caller.
    pub fn needs_verification(&self) -> bool {
        !self.verified.swap(true, Ordering::Relaxed)
    }
}

/// The latest frames of a room.
#[derive(Default)]
pub struct SharedFrames(Mutex<VecDeque<Arc<SharedFrame>>>);

impl SharedFrames {
    /// Parses a frame, unless another client has.
    pub fn read(&self, text: Utf8Bytes) -> Arc<SharedFrame> {
        let mut frames = self.0.lock();
        if let Some(frame) = frames.iter().rev().find(|frame| frame.text == text) {
            return frame.clone();
        }
        let content = serde_json::from_str(&text).expect("a frame of the contract");
        let frame = Arc::new(SharedFrame { text, content, verified: AtomicBool::new(false) });
        if frames.len() == FRAMES_MAX {
            frames.pop_front();
        }
        frames.push_back(frame.clone());
        frame
    }
}

/// Something that a client observed.
pub enum Observation {
    /// It was admitted: missed deltas follow, or a snapshot.
    Welcome { resumed: bool },
    /// A snapshot or a delta.
    Frame(Arc<SharedFrame>),
    /// A command was answered.
    Reply { id: CommandId, command: Command, outcome: CommandOutcome },
    /// The server announced that it drains.
    Draining { at_ms: i64 },
    /// The connection was closed with this code, or broke.
    Closed { code: Option<u16>, at_ms: i64 },
}

/// What one client observed during a run of the server.
pub struct ClientLog {
    pub room: RoomCode,
    pub by: UserId,
    /// Its position before.
    pub known: Option<Position>,
    /// How often it was admitted.
    pub welcomes: u64,
    pub observations: Vec<Observation>,
}
