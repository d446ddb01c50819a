//! Moving what was committed from the write-ahead log into the database itself, beside the commits and not within them.
//!
//! By itself SQLite does that within whichever commit makes the log longer than a thousand pages. Two syncs and some
//! hundred pages then make one commit in a few hundred ten times as slow as the others, and everybody waits for it. Here
//! another connection does it, while commits go on. It never comes to the end of a log that grows meanwhile, and only a log
//! that is at its end is begun anew: so a commit still does it from [`WAL_PAGES_MAX`] on, with hardly anything left to move.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::SqlitePool;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

/// Rows that are appended between two, each some two pages of the log.
const ROWS_BETWEEN_CHECKPOINTS: usize = 512;
/// Pages of 4 KiB in the log from which on a commit sees to it.
pub(super) const WAL_PAGES_MAX: &str = "4000";

/// Who moves it.
#[derive(Clone, Debug)]
pub(super) struct WalCheckpointer {
    /// One connection.
    pool: SqlitePool,
    rows: Arc<AtomicUsize>,
    /// Taken while it is being moved.
    turn: Arc<Mutex<()>>,
    tasks: TaskTracker,
}

impl WalCheckpointer {
    /// Over a pool of one connection that may write.
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, rows: Arc::default(), turn: Arc::default(), tasks: TaskTracker::new() }
    }

    /// So many rows more are in the log. While it is being moved, the next ones wait for the next time.
    pub(super) fn record_appended(&self, rows: usize) {
        if self.rows.fetch_add(rows, Ordering::Relaxed) + rows < ROWS_BETWEEN_CHECKPOINTS {
            return;
        }
        let Ok(turn) = self.turn.clone().try_lock_owned() else { return };
        self.rows.store(0, Ordering::Relaxed);
        let pool = self.pool.clone();
        self.tasks.spawn(async move {
            // What stays in the log is as durable there, and moved later.
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
                tracing::warn!(%error, "the write-ahead log cannot be moved into the database");
            }
            drop(turn);
        });
    }

    /// Waits for what is under way.
    pub(super) async fn close(&self) {
        self.tasks.close();
        self.tasks.wait().await;
        self.pool.close().await;
    }
}

#[cfg(test)]
mod tests {
    use tutti_protocol::RoomId;
    use uuid::Uuid;

    use super::*;
    use crate::store::sqlite::SqliteStore;
    use crate::store::{JournalBatch, RoomStore as _, Store as _};

    #[tokio::test]
    async fn what_was_appended_reaches_the_database_before_any_commit_has_to_see_to_it() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tutti.db");
        let store = SqliteStore::open(&path).await.unwrap();
        let batch = |offset: usize| JournalBatch {
            room: RoomId(Uuid::from_u128(1)),
            epoch: 1,
            offset: offset as u64,
            at_ms: 0,
            command: None,
            events: format!("[\"event {offset} of many\"]"),
            index: vec![],
            forgets: None,
        };
        let is_in_database = |offset: usize| {
            let text = format!("event {offset} of many");
            std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
        };
        store.append(&[batch(1)]).await.unwrap();
        assert!(!is_in_database(1), "it is in the log");
        let rest: Vec<_> = (2..=ROWS_BETWEEN_CHECKPOINTS).map(batch).collect();
        store.append(&rest).await.unwrap();
        store.wal_checkpointer.tasks.close();
        store.wal_checkpointer.tasks.wait().await;
        assert!(is_in_database(1) && is_in_database(ROWS_BETWEEN_CHECKPOINTS));
        store.close().await;
    }
}
