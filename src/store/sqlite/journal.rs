//! Appending: many rooms' batches in few statements, since each is a way to SQLite's thread and back.
//!
//! Statements come in a few lengths only, so that they stay prepared. One that is all there is to do needs no transaction
//! around it. Otherwise all rows come first, then what follows from them: the tables are different ones, and what is
//! forgotten lies before its batch, whatever else was appended with it.

use std::sync::{Arc, LazyLock};

use sqlx::{AssertSqlSafe, SqliteConnection, SqlitePool};
use tutti_protocol::UserId;

use super::transaction::Transaction;
use crate::store::sql::batch_statements::BatchStatements;
use crate::store::sql::encoding::{conflict, encode_unsigned};
use crate::store::{Checkpoint, Forgets, IndexChange, JournalBatch, StoreResult};

static INSERT_BATCHES: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(
        &[64, 32, 16, 8, 4, 2, 1],
        "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, member_id, command_id, events) VALUES ",
        "(?, ?, ?, ?, ?, ?, ?)",
        "",
    )
});

/// Appends batches, all or none. `Conflict("journal offset")` when one of them is there already.
pub(super) async fn append_all(pool: &SqlitePool, batches: &[JournalBatch]) -> StoreResult<()> {
    let rows_only = batches.iter().all(|batch| batch.index.is_empty() && batch.forgets.is_none());
    if let Some(sql) = INSERT_BATCHES.exactly(batches.len()).filter(|_| rows_only) {
        let mut connection = pool.acquire().await?;
        let inserted = insert(&mut connection, sql, batches).await;
        if inserted.is_err() {
            // As with a transaction: whatever SQLite has left behind ends with the connection.
            connection.close_on_drop();
        }
        return inserted;
    }
    let mut transaction = Transaction::begin(pool).await?;
    append(&mut transaction, batches).await?;
    transaction.commit().await?;
    Ok(())
}

/// Appends batches within a transaction. `Conflict("journal offset")` when one of them is there already.
pub(super) async fn append(transaction: &mut Transaction, batches: &[JournalBatch]) -> StoreResult<()> {
    let mut rest = batches;
    while !rest.is_empty() {
        let (rows, sql) = INSERT_BATCHES.longest(rest.len(), |_| true);
        let (now, later) = rest.split_at(rows);
        insert(transaction, sql, now).await?;
        rest = later;
    }
    for batch in batches {
        if let Some((Forgets { member, .. }, checkpoint)) = batch.forgets.as_ref().zip(batch.checkpoint()) {
            replace_checkpoint(transaction, &checkpoint).await?;
            remove_past(transaction, &checkpoint, *member).await?;
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
    let mut query = sqlx::query(sql);
    for batch in batches {
        query = query
            .bind(batch.room.0)
            .bind(encode_unsigned(batch.offset))
            .bind(encode_unsigned(batch.epoch))
            .bind(batch.at_ms)
            .bind(batch.command.map(|(member, _)| member.0))
            .bind(batch.command.map(|(_, command)| command.0))
            .bind(&batch.events);
    }
    query.execute(connection).await.map_err(|error| conflict(error, "journal offset"))?;
    Ok(())
}

async fn change_index(transaction: &mut Transaction, batch: &JournalBatch) -> StoreResult<()> {
    for change in &batch.index {
        let query = match change {
            IndexChange::Joined(user) => sqlx::query(
                "INSERT INTO room_members (user_id, room_id, present) VALUES (?, ?, 1) \
                 ON CONFLICT DO UPDATE SET present = 1",
            )
            .bind(user.0)
            .bind(batch.room.0),
            IndexChange::Left(user) => {
                sqlx::query("UPDATE room_members SET present = 0 WHERE user_id = ? AND room_id = ?")
                    .bind(user.0)
                    .bind(batch.room.0)
            }
            IndexChange::Forgotten(user) => sqlx::query("DELETE FROM room_members WHERE user_id = ? AND room_id = ?")
                .bind(user.0)
                .bind(batch.room.0),
            IndexChange::HostChanged(user) => {
                sqlx::query("UPDATE rooms SET host_id = ? WHERE id = ?").bind(user.0).bind(batch.room.0)
            }
            IndexChange::Closed => {
                sqlx::query("UPDATE rooms SET closed_at_ms = ? WHERE id = ?").bind(batch.at_ms).bind(batch.room.0)
            }
        };
        query.execute(&mut **transaction).await?;
    }
    Ok(())
}

/// False when there is a newer one.
pub(super) async fn replace_checkpoint(transaction: &mut Transaction, checkpoint: &Checkpoint) -> StoreResult<bool> {
    let saved = sqlx::query(
        "INSERT INTO room_checkpoints (room_id, epoch, last_offset, at_ms, state) VALUES (?, ?, ?, ?, ?) \
         ON CONFLICT (room_id) DO UPDATE SET epoch = excluded.epoch, last_offset = excluded.last_offset, \
         at_ms = excluded.at_ms, state = excluded.state WHERE excluded.last_offset >= room_checkpoints.last_offset",
    )
    .bind(checkpoint.room.0)
    .bind(encode_unsigned(checkpoint.epoch))
    .bind(encode_unsigned(checkpoint.offset))
    .bind(checkpoint.at_ms)
    .bind(&checkpoint.state)
    .execute(&mut **transaction)
    .await?;
    Ok(saved.rows_affected() == 1)
}

/// Takes away what happened in a room before somebody was forgotten; of the others' commands the ids stay.
async fn remove_past(transaction: &mut Transaction, since: &Checkpoint, forgotten: UserId) -> StoreResult<()> {
    sqlx::query(
        "DELETE FROM room_journal WHERE room_id = ? AND last_offset < ? AND (command_id IS NULL OR member_id = ?)",
    )
    .bind(since.room.0)
    .bind(encode_unsigned(since.offset))
    .bind(forgotten.0)
    .execute(&mut **transaction)
    .await?;
    sqlx::query("UPDATE room_journal SET events = '[]' WHERE room_id = ? AND last_offset < ?")
        .bind(since.room.0)
        .bind(encode_unsigned(since.offset))
        .execute(&mut **transaction)
        .await?;
    Ok(())
}
