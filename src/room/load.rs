//! A room back from what is kept of it.

use tutti_protocol::{Event, RoomCode, RoomId};

use super::history::History;
use super::replies::{Outcome, Replies};
use super::state::RoomState;
use crate::store::{JournalBatch, SharedStore, StoreError, StoreResult, StoredJournal};

/// A room as it was when its last durable event had happened.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) state: RoomState,
    pub(super) epoch: u64,
    pub(super) history: History,
    pub(super) replies: Replies,
    /// Batches since the checkpoint.
    pub(super) since_checkpoint: u32,
}

/// Reads a room's checkpoint and replays its journal. That every offset is there proves that the history goes on, so the
/// epoch stays.
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
        return Err(StoreError::Unreadable { table: "room_journal", reason: "a room without a beginning".into() });
    }
    Ok(loaded)
}

impl Loaded {
    fn replay(&mut self, batch: &JournalBatch) -> StoreResult<()> {
        let unreadable = |reason: String| StoreError::Unreadable { table: "room_journal", reason };
        let events: Vec<Event> = serde_json::from_str(&batch.events)
            .map_err(|error| unreadable(format!("{error} at offset {}", batch.offset)))?;
        if batch.offset > self.state.offset() {
            let expected = self.state.offset() + events.len() as u64;
            if batch.offset != expected {
                return Err(unreadable(format!("offset {} where {expected} should be", batch.offset)));
            }
            for event in &events {
                self.state.apply(event);
            }
            self.epoch = batch.epoch;
            self.since_checkpoint += 1;
        }
        self.history.push(batch.offset, events.len() as u64, batch.at_ms, &batch.events);
        if let Some((by, id)) = batch.command {
            self.replies.insert(by, id, Outcome::of_batch(batch.offset, &events));
        }
        self.replies.follow(&events);
        Ok(())
    }
}

impl Outcome {
    /// The outcome of a command that led to `events`, the last of them at `offset`.
    pub(super) fn of_batch(offset: u64, events: &[Event]) -> Self {
        let entry = events.iter().find_map(|event| match event {
            Event::EntryAdded { entry, .. } | Event::EntrySuggested { entry } => Some(entry.id),
            Event::EntryCredited { entry, .. } => Some(*entry),
            _ => None,
        });
        Self::Accepted { offset, entry, answer: None }
    }
}
