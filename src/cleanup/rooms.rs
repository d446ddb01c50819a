//! Rooms that are closed, purged or trimmed. A pass over all rooms goes in the order of their ids, which is that of their
//! creation.

use std::time::Duration;

use super::{BATCH_PAUSE, BATCH_ROWS, Cleanup};
use crate::clock::ms;
use crate::limits::RESUME_WINDOW;
use crate::store::{StoreResult, StoredRoom};

/// What is left of a closed room is removed after this long; its code stays taken.
pub const CLOSED_ROOM_KEPT: Duration = Duration::from_hours(24);
/// A room in which nothing ever happened is closed when it is older than this: a room that is opened on Monday for a party on
/// Saturday is still there.
pub const UNUSED_ROOM_KEPT: Duration = Duration::from_hours(7 * 24);
/// Rooms that one round looks at: a pass over a million rooms takes three and a half days.
const ROOMS_SEEN_MAX: u32 = 2_000;
/// A room with more events than this was used, or its host came and went many times. It is not read to find out.
const UNUSED_ROOM_EVENTS_MAX: u64 = 100;

impl Cleanup {
    /// Looks at the next part of all rooms; returns how many it closed or purged.
    pub(super) async fn sweep_rooms(&mut self, now_ms: i64) -> StoreResult<u64> {
        let mut removed = 0;
        for _ in 0..ROOMS_SEEN_MAX / BATCH_ROWS {
            let rooms = self.store.rooms_after(self.progress.rooms, BATCH_ROWS).await?;
            for room in &rooms {
                removed += u64::from(self.sweep_room(room, now_ms).await?);
            }
            let is_last_page = rooms.len() < BATCH_ROWS as usize;
            self.progress.rooms = rooms.last().filter(|_| !is_last_page).map(|room| room.id);
            if is_last_page {
                break;
            }
            tokio::time::sleep(BATCH_PAUSE).await;
        }
        Ok(removed)
    }

    async fn sweep_room(&self, room: &StoredRoom, now_ms: i64) -> StoreResult<bool> {
        let Some(closed_at_ms) = room.closed_at_ms else { return self.sweep_open_room(room, now_ms).await };
        let is_due = closed_at_ms < now_ms - ms(CLOSED_ROOM_KEPT);
        if is_due {
            self.store.purge_closed_room(room.id).await?;
        }
        Ok(is_due)
    }

    /// Removes journal rows that only serve resumes, and closes the room if it was never used.
    async fn sweep_open_room(&self, room: &StoredRoom, now_ms: i64) -> StoreResult<bool> {
        let last_offset = self.store.trim_journal(room.id, now_ms - ms(RESUME_WINDOW)).await?;
        if room.created_at_ms >= now_ms - ms(UNUSED_ROOM_KEPT) || last_offset > UNUSED_ROOM_EVENTS_MAX {
            return Ok(false);
        }
        let closed = self.rooms.close_if_unused(room).await;
        Ok(closed.unwrap_or_else(|error| {
            tracing::warn!(room = %room.code, %error, "a room could not be closed");
            false
        }))
    }
}
