//! What clients are told, kept for the judge. Everybody in a room gets the same bytes, so each frame is read once.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;
use tokio_tungstenite::tungstenite::Utf8Bytes;
use tutti_protocol::{Command, CommandId, Position, RoomCode, ServerFrame, UserId};
use tutti_test_client::CommandOutcome;

/// How many frames of a room are remembered to be recognized.
const REMEMBERED_MAX: usize = 64;

/// A frame that everybody in a room is sent.
pub struct Frame {
    text: Utf8Bytes,
    pub content: ServerFrame,
    judged: AtomicBool,
}

impl Frame {
    /// True the first time.
    pub fn is_to_be_judged(&self) -> bool {
        !self.judged.swap(true, Ordering::Relaxed)
    }
}

/// The latest frames of a room.
#[derive(Default)]
pub struct Frames(Mutex<VecDeque<Arc<Frame>>>);

impl Frames {
    pub fn read(&self, text: Utf8Bytes) -> Arc<Frame> {
        let mut known = self.0.lock();
        if let Some(frame) = known.iter().rev().find(|frame| frame.text == text) {
            return frame.clone();
        }
        let content = serde_json::from_str(&text).expect("a frame of the contract");
        let frame = Arc::new(Frame { text, content, judged: AtomicBool::new(false) });
        if known.len() == REMEMBERED_MAX {
            known.pop_front();
        }
        known.push_back(frame.clone());
        frame
    }
}

/// Something that a client was told.
pub enum Told {
    /// It is in: what it missed follows, or everything.
    Welcome { resumed: bool },
    /// A snapshot or a delta.
    Frame(Arc<Frame>),
    /// A command came to this.
    Answer { id: CommandId, command: Command, outcome: CommandOutcome },
    /// The server is about to go.
    Leaving { at_ms: i64 },
    /// The connection was closed with this code, or broke.
    Closed { code: Option<u16>, at_ms: i64 },
}

/// What one client was told in one life of the server.
pub struct Story {
    pub room: RoomCode,
    pub by: UserId,
    /// What it knew before.
    pub known: Option<Position>,
    /// How often it was let in.
    pub welcomes: u64,
    pub told: Vec<Told>,
}
