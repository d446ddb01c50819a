//! Appends batches of many rooms in few statements, since each statement costs a round trip to SQLite's thread.
//!
//! Statements come in a few sizes, so that they stay prepared. A single statement needs no explicit transaction.
//! Otherwise all rows are inserted before the changes that follow from them. That order is safe: those changes concern
//! other tables, or rows of the same room from before the batch.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};

use super::transaction::SqliteTransaction;
use crate::store::sql::batch_statements::BatchStatements;
use crate::store::sql::encoding::{conflict, encode_unsigned};
use crate::store::sql::portable::{SqliteQuery, Transaction as _};
use crate::store::sql::rooms as sql;
use crate::store::{Checkpoint, IndexChange, JournalBatch, MemberErasure, StoreResult};

static INSERT_BATCHES: LazyLock<BatchStatements> =
    LazyLock::new(|| BatchStatements::new(&[64, 32, 16, 8, 4, 2, 1], sql::INSERT_BATCHES, sql::BATCH_VALUES, ""));

/// Appends batches, all or none. `Conflict("journal offset")` when one of the offsets exists.
pub(super) async fn append_all(pool: &SqlitePool, batches: &[JournalBatch]) -> StoreResult<()> {
    let rows_only = batches.iter().all(JournalBatch::is_row_only);
    if let Some(sql) = INSERT_BATCHES.exactly(batches.len()).filter(|_| rows_only) {
        let mut connection = pool.acquire().await?;
        let inserted = insert(&mut connection, sql, batches).await;
        if inserted.is_err() {
            // As with a transaction: closing the connection discards whatever state SQLite left behind.
            connection.close_on_drop();
        }
        return inserted;
    }
    let mut transaction = SqliteTransaction::begin(pool).await?;
    append(&mut transaction, batches).await?;
    transaction.commit().await?;
    Ok(())
}

/// Appends batches within a transaction. `Conflict("journal offset")` when one of the offsets exists.
pub(super) async fn append(transaction: &mut SqliteTransaction, batches: &[JournalBatch]) -> StoreResult<()> {
    let mut rest = batches;
    while !rest.is_empty() {
        let (rows, sql) = INSERT_BATCHES.largest(rest.len(), |_| true);
        let (now, later) = rest.split_at(rows);
        insert(transaction, sql, now).await?;
        rest = later;
    }
    for batch in batches {
        if let Some((MemberErasure { member, .. }, checkpoint)) = batch.erasure.as_ref().zip(batch.checkpoint()) {
            replace_checkpoint(transaction, &checkpoint).await?;
            sql::remove_history(transaction, &checkpoint, *member).await?;
        }
        change_index(transaction, batch).await?;
    }
    Ok(())
}

async fn insert(
    connection: &mut SqliteConnection,
    sql: AssertSqlSafe<Arc<str>>,
    batches: &[JournalBatch],
) -> StoreResult<()> {
    let insert: SqliteQuery = sql::insert_batches(sql, batches);
    insert.execute(connection).await.map_err(|error| conflict(error, "journal offset"))?;
    Ok(())
}

async fn change_index(transaction: &mut SqliteTransaction, batch: &JournalBatch) -> StoreResult<()> {
    for change in &batch.index {
        let change = match change {
            IndexChange::Joined(user) => sqlx::query(
                "INSERT INTO room_members (user_id, room_id, present) VALUES (?, ?, TRUE) \
                 ON CONFLICT DO UPDATE SET present = TRUE",
            )
            .bind(user.0)
            .bind(batch.room.0),
            IndexChange::Left(user) => sql::mark_absent(batch.room, *user),
            IndexChange::Forgotten(user) => sql::delete_member(batch.room, *user),
            IndexChange::HostChanged(user) => sql::set_host(batch.room, *user),
            IndexChange::Renamed(name) => sql::set_name(batch.room, name),
            IndexChange::PasscodeChanged(passcode) => sql::set_passcode(batch.room, passcode.as_ref()),
            IndexChange::Closed => sql::set_closed(batch.room, batch.at_ms),
        };
        transaction.execute(change).await?;
    }
    Ok(())
}

/// False when the stored one is newer.
pub(super) async fn replace_checkpoint(
    transaction: &mut SqliteTransaction,
    checkpoint: &Checkpoint,
) -> StoreResult<bool> {
    let replace = sqlx::query(
        "INSERT INTO room_checkpoints (room_id, epoch, last_offset, at_ms, state) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (room_id) DO UPDATE SET epoch = excluded.epoch, last_offset = excluded.last_offset, \
         at_ms = excluded.at_ms, state = excluded.state WHERE excluded.last_offset >= room_checkpoints.last_offset",
    )
    .bind(checkpoint.room.0)
    .bind(encode_unsigned(checkpoint.epoch))
    .bind(encode_unsigned(checkpoint.offset))
    .bind(checkpoint.at_ms)
    .bind(&checkpoint.state);
    Ok(transaction.execute(replace).await? == 1)
}
