//! Loads a room from the store.

use tutti_protocol::{Event, Position, RoomCode, RoomId};

use super::history::History;
use super::replies::{Outcome, Replies};
use super::state::RoomState;
use crate::store::{JournalBatch, SharedStore, StoreError, StoreResult, StoredJournal};

/// A room as of its last durable event.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: RoomState,
    pub(super) epoch: u64,
    pub(super) history: History,
    pub(super) replies: Replies,
    /// Batches since the last checkpoint.
    pub(super) since_checkpoint: u32,
}

/// Reads a room's checkpoint and replays its journal. An unbroken sequence of offsets proves that the history continues, so
/// the epoch stays the same.
pub(super) async fn load(store: &SharedStore, room: RoomId, code: RoomCode) -> StoreResult<Loaded> {
    let StoredJournal { checkpoint, batches } = store.load_journal(room).await?;
    let mut loaded = Loaded {
        state: RoomState::new(code),
        epoch: 0,
        history: History::default(),
        replies: Replies::default(),
        since_checkpoint: 0,
    };
    if let Some(checkpoint) = checkpoint {
        loaded.state = serde_json::from_str(&checkpoint.state)
            .map_err(|error| StoreError::Unreadable { table: "room_checkpoints", reason: error.to_string() })?;
        loaded.epoch = checkpoint.epoch;
    }
    for batch in &batches {
        loaded.replay(batch)?;
    }
    if loaded.state.offset() == 0 {
        return Err(StoreError::Unreadable { table: "room_journal", reason: "the room has no events".into() });
    }
    Ok(loaded)
}

impl Loaded {
    /// Its last event.
    pub(super) fn position(&self) -> Position {
        Position { epoch: self.epoch, offset: self.state.offset() }
    }

    fn replay(&mut self, batch: &JournalBatch) -> StoreResult<()> {
        let unreadable = |reason: String| StoreError::Unreadable { table: "room_journal", reason };
        let events: Vec<Event> = serde_json::from_str(&batch.events)
            .map_err(|error| unreadable(format!("{error} at offset {}", batch.offset)))?;
        if batch.offset > self.state.offset() {
            let expected = self.state.offset() + events.len() as u64;
            if batch.offset != expected {
                return Err(unreadable(format!("offset {} instead of {expected}", batch.offset)));
            }
            for event in &events {
                self.state.apply(event);
            }
            self.epoch = batch.epoch;
            self.since_checkpoint += 1;
        }
        self.history.push(batch.offset, events.len() as u64, batch.at_ms, &batch.events);
        if let Some((by, id)) = batch.command {
            self.replies.insert(by, id, Outcome::accepted(batch.offset, &events, None));
        }
        self.replies.follow_merges(&events);
        Ok(())
    }
}
