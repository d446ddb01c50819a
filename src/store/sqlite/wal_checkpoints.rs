//! Runs passive WAL checkpoints off the commit path.
//!
//! By default SQLite checkpoints inside the commit that makes the write-ahead log longer than a thousand pages. Two
//! syncs and some hundred pages then make one commit in a few hundred ten times slower, and all appends wait for it.
//! Here a second connection checkpoints while commits continue. It never reaches the end of a log that keeps growing,
//! and SQLite restarts only a log that is fully copied; so from [`WAL_PAGES_MAX`] on a commit still checkpoints, with
//! few pages left to copy.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use sqlx::SqlitePool;
use tokio::sync::Mutex;
use tokio_util::task::TaskTracker;

/// Rows appended between two checkpoints; each takes about two pages of the log.
const ROWS_BETWEEN_CHECKPOINTS: usize = 512;
/// Attempts to empty the log, each of which waits for other connections.
const TRUNCATE_TRIES: u32 = 3;
/// Pages of 4 KiB in the log from which on a commit checkpoints (`wal_autocheckpoint`).
pub(super) const WAL_PAGES_MAX: &str = "4000";

/// Starts checkpoints in the background.
#[derive(Clone, Debug)]
pub(super) struct WalCheckpointer {
    /// Of one connection.
    pool: SqlitePool,
    rows: Arc<AtomicUsize>,
    /// Held while a checkpoint runs.
    turn: Arc<Mutex<()>>,
    tasks: TaskTracker,
}

impl WalCheckpointer {
    /// `pool` has one connection, which may write.
    pub(super) fn new(pool: SqlitePool) -> Self {
        Self { pool, rows: Arc::default(), turn: Arc::default(), tasks: TaskTracker::new() }
    }

    /// Counts appended rows and starts a checkpoint when they are enough, unless one is running.
    pub(super) fn record_appended(&self, rows: usize) {
        if self.rows.fetch_add(rows, Ordering::Relaxed) + rows < ROWS_BETWEEN_CHECKPOINTS {
            return;
        }
        let Ok(turn) = self.turn.clone().try_lock_owned() else { return };
        self.rows.store(0, Ordering::Relaxed);
        let pool = self.pool.clone();
        self.tasks.spawn(async move {
            // Pages that stay in the log are durable, and the next checkpoint copies them.
            if let Err(error) = sqlx::query("PRAGMA wal_checkpoint(PASSIVE)").execute(&pool).await {
                tracing::warn!(%error, "the WAL checkpoint failed");
            }
            drop(turn);
        });
    }

    /// Copies the whole log into the database and empties its file. Waits for running writes, which wait meanwhile. With
    /// a reader that does not finish, the rest of the log stays until the next call.
    pub(super) async fn truncate(&self) -> sqlx::Result<()> {
        let _turn = self.turn.lock().await;
        for _ in 0..TRUNCATE_TRIES {
            let (is_busy, _, _): (i64, i64, i64) =
                sqlx::query_as("PRAGMA wal_checkpoint(TRUNCATE)").fetch_one(&self.pool).await?;
            if is_busy == 0 {
                return Ok(());
            }
        }
        tracing::warn!("the write-ahead log could not be truncated; deleted rows stay in it until it is overwritten");
        Ok(())
    }

    /// Waits for a running checkpoint.
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
    use crate::store::{Fence, JournalBatch, RoomStore as _, Store as _};

    #[tokio::test]
    async fn appended_rows_reach_the_database_before_a_commit_has_to_checkpoint() {
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
            fence: Fence::default(),
            erasure: None,
        };
        let is_in_database = |offset: usize| {
            let text = format!("event {offset} of many");
            std::fs::read(&path).unwrap().windows(text.len()).any(|window| window == text.as_bytes())
        };
        store.append(&[batch(1)]).await.unwrap();
        assert!(!is_in_database(1), "the row is in the log only");
        let rest: Vec<_> = (2..=ROWS_BETWEEN_CHECKPOINTS).map(batch).collect();
        store.append(&rest).await.unwrap();
        store.wal_checkpointer.tasks.close();
        store.wal_checkpointer.tasks.wait().await;
        assert!(is_in_database(1) && is_in_database(ROWS_BETWEEN_CHECKPOINTS));
        store.close().await;
    }
}
