//! Rooms and their journals in SQLite.

use async_trait::async_trait;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use tutti_protocol::{CommandId, RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::SqliteStore;
use super::journal::{append, append_all, replace_checkpoint};
use super::transaction::Transaction;
use crate::store::sql::encoding::{conflict, decode_unsigned, encode_unsigned};
use crate::store::{Checkpoint, JournalBatch, RoomStore, StoreError, StoreResult, StoredJournal, StoredRoom};

#[async_trait]
impl RoomStore for SqliteStore {
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        sqlx::query(
            "INSERT INTO rooms (id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms) \
             VALUES (?, ?, ?, ?, ?, ?, ?)",
        )
        .bind(room.id.0)
        .bind(room.code.as_str())
        .bind(&room.name)
        .bind(room.host.0)
        .bind(&room.passcode_hash)
        .bind(room.created_at_ms)
        .bind(room.closed_at_ms)
        .execute(&mut *transaction)
        .await
        .map_err(|error| conflict(error, "room code"))?;
        append(&mut transaction, std::slice::from_ref(first)).await?;
        transaction.commit().await?;
        Ok(())
    }

    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>> {
        let row = sqlx::query(
            "SELECT id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms FROM rooms WHERE code = ?",
        )
        .bind(code.as_str())
        .fetch_optional(&self.read)
        .await?;
        row.as_ref().map(room).transpose()
    }

    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        let rows = sqlx::query(
            "SELECT id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms FROM rooms \
             JOIN room_members ON room_members.room_id = rooms.id \
             WHERE room_members.user_id = ? AND present = 1 AND closed_at_ms IS NULL ORDER BY created_at_ms DESC, id DESC LIMIT ?",
        )
        .bind(user.0)
        .bind(rooms_max)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(room).collect()
    }

    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        let rows = sqlx::query(
            "SELECT id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms FROM rooms \
             JOIN room_members ON room_members.room_id = rooms.id \
             WHERE room_members.user_id = ? ORDER BY created_at_ms DESC, id DESC LIMIT ?",
        )
        .bind(user.0)
        .bind(rooms_max)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(room).collect()
    }

    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        let closed = sqlx::query("UPDATE rooms SET name = '' WHERE id = ? AND closed_at_ms IS NOT NULL")
            .bind(room.0)
            .execute(&mut *transaction)
            .await?;
        if closed.rows_affected() == 1 {
            for statement in [
                "DELETE FROM room_journal WHERE room_id = ?",
                "DELETE FROM room_checkpoints WHERE room_id = ?",
                "DELETE FROM room_members WHERE room_id = ?",
            ] {
                sqlx::query(statement).bind(room.0).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(())
    }

    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()> {
        append_all(&self.write, batches).await?;
        self.wal_checkpointer.record_appended(batches.len());
        Ok(())
    }

    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal> {
        // One transaction: a checkpoint that moves between two reads would leave a hole.
        let mut transaction = Transaction::begin_reading(&self.read).await?;
        let checkpoint = sqlx::query("SELECT epoch, last_offset, at_ms, state FROM room_checkpoints WHERE room_id = ?")
            .bind(room.0)
            .fetch_optional(&mut *transaction)
            .await?;
        let batches = sqlx::query(
            "SELECT epoch, last_offset, at_ms, member_id, command_id, events FROM room_journal \
             WHERE room_id = ? ORDER BY last_offset",
        )
        .bind(room.0)
        .fetch_all(&mut *transaction)
        .await?;
        transaction.commit().await?;
        Ok(StoredJournal {
            checkpoint: checkpoint.map(|row| to_checkpoint(room, &row)).transpose()?,
            batches: batches.iter().map(|row| to_batch(room, row)).collect::<StoreResult<_>>()?,
        })
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        if replace_checkpoint(&mut transaction, checkpoint).await? {
            sqlx::query("DELETE FROM room_journal WHERE room_id = ? AND last_offset <= ? AND at_ms < ?")
                .bind(checkpoint.room.0)
                .bind(encode_unsigned(checkpoint.offset))
                .bind(keep_from_ms)
                .execute(&mut *transaction)
                .await?;
        }
        transaction.commit().await?;
        Ok(())
    }
}

fn unsigned(table: &'static str, row: &SqliteRow, column: &str) -> StoreResult<u64> {
    decode_unsigned(table, column, row.try_get(column)?)
}

fn room(row: &SqliteRow) -> StoreResult<StoredRoom> {
    let code: String = row.try_get("code")?;
    Ok(StoredRoom {
        id: RoomId(row.try_get("id")?),
        code: RoomCode::parse(&code)
            .ok_or_else(|| StoreError::Unreadable { table: "rooms", reason: format!("room code {code}") })?,
        name: row.try_get("name")?,
        host: UserId(row.try_get("host_id")?),
        passcode_hash: row.try_get("passcode_hash")?,
        created_at_ms: row.try_get("created_at_ms")?,
        closed_at_ms: row.try_get("closed_at_ms")?,
    })
}

fn to_checkpoint(room: RoomId, row: &SqliteRow) -> StoreResult<Checkpoint> {
    Ok(Checkpoint {
        room,
        epoch: unsigned("room_checkpoints", row, "epoch")?,
        offset: unsigned("room_checkpoints", row, "last_offset")?,
        at_ms: row.try_get("at_ms")?,
        state: row.try_get("state")?,
    })
}

fn to_batch(room: RoomId, row: &SqliteRow) -> StoreResult<JournalBatch> {
    let member: Option<Uuid> = row.try_get("member_id")?;
    let command: Option<Uuid> = row.try_get("command_id")?;
    Ok(JournalBatch {
        room,
        epoch: unsigned("room_journal", row, "epoch")?,
        offset: unsigned("room_journal", row, "last_offset")?,
        at_ms: row.try_get("at_ms")?,
        command: member.zip(command).map(|(member, command)| (UserId(member), CommandId(command))),
        events: row.try_get("events")?,
        index: vec![],
        forgets: None,
    })
}
