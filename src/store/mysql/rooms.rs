//! Rooms and their journals in MySQL.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use tutti_protocol::{CommandId, RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::MySqlStore;
use super::journal::{append, replace_checkpoint};
use super::rows::{optional_text, text, unsigned};
use super::transaction::with_retries;
use crate::store::sql::encoding::{conflict, encode_unsigned};
use crate::store::{Checkpoint, JournalBatch, RoomStore, StoreError, StoreResult, StoredJournal, StoredRoom};

#[async_trait]
impl RoomStore for MySqlStore {
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let query = sqlx::query(
                "INSERT INTO rooms (id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms) \
                 VALUES (?, ?, ?, ?, ?, ?, ?)",
            )
            .bind(room.id.0)
            .bind(room.code.as_str().as_bytes())
            .bind(&room.name)
            .bind(room.host.0)
            .bind(room.passcode_hash.as_deref().map(str::as_bytes))
            .bind(room.created_at_ms)
            .bind(room.closed_at_ms);
            transaction.execute(query).await.map_err(|error| conflict(error, "room code"))?;
            append(&mut transaction, std::slice::from_ref(first)).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>> {
        let query = sqlx::query(
            "SELECT id, code, name, host_id, passcode_hash, created_at_ms, closed_at_ms FROM rooms WHERE code = ?",
        );
        self.fetch_optional(query.bind(code.as_str().as_bytes())).await?.as_ref().map(read_room).transpose()
    }

    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        let query = sqlx::query(
            "SELECT rooms.id, rooms.code, rooms.name, rooms.host_id, rooms.passcode_hash, rooms.created_at_ms, \
             rooms.closed_at_ms FROM room_members JOIN rooms ON rooms.id = room_members.room_id \
             WHERE room_members.user_id = ? AND room_members.present = TRUE AND rooms.closed_at_ms IS NULL \
             ORDER BY rooms.created_at_ms DESC, rooms.id DESC LIMIT ?",
        );
        self.fetch_all(query.bind(user.0).bind(i64::from(rooms_max))).await?.iter().map(read_room).collect()
    }

    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        let query = sqlx::query(
            "SELECT rooms.id, rooms.code, rooms.name, rooms.host_id, rooms.passcode_hash, rooms.created_at_ms, \
             rooms.closed_at_ms FROM room_members JOIN rooms ON rooms.id = room_members.room_id \
             WHERE room_members.user_id = ? ORDER BY rooms.created_at_ms DESC, rooms.id DESC LIMIT ?",
        );
        self.fetch_all(query.bind(user.0).bind(i64::from(rooms_max))).await?.iter().map(read_room).collect()
    }

    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let clear = sqlx::query("UPDATE rooms SET name = '' WHERE id = ? AND closed_at_ms IS NOT NULL");
            if transaction.execute(clear.bind(room.0)).await?.rows_affected() == 1 {
                for statement in [
                    "DELETE FROM room_journal WHERE room_id = ?",
                    "DELETE FROM room_checkpoints WHERE room_id = ?",
                    "DELETE FROM room_members WHERE room_id = ?",
                ] {
                    transaction.execute(sqlx::query(statement).bind(room.0)).await?;
                }
            }
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            append(&mut transaction, batches).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal> {
        with_retries(|| async {
            // One transaction, and the checkpoint last: also where reads that belong together do not see the same
            // (READ COMMITTED), a checkpoint that moves in between then covers what is missing.
            let mut transaction = self.begin().await?;
            let batches = sqlx::query(
                "SELECT epoch, last_offset, at_ms, member_id, command_id, events FROM room_journal \
                 WHERE room_id = ? ORDER BY last_offset",
            );
            let batches = transaction.fetch_all(batches.bind(room.0)).await?;
            let checkpoint =
                sqlx::query("SELECT epoch, last_offset, at_ms, state FROM room_checkpoints WHERE room_id = ?");
            let checkpoint = transaction.fetch_optional(checkpoint.bind(room.0)).await?;
            transaction.commit().await?;
            Ok(StoredJournal {
                checkpoint: checkpoint.map(|row| read_checkpoint(room, &row)).transpose()?,
                batches: batches.iter().map(|row| read_batch(room, row)).collect::<StoreResult<_>>()?,
            })
        })
        .await
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            replace_checkpoint(&mut transaction, checkpoint).await?;
            let kept = sqlx::query("SELECT last_offset FROM room_checkpoints WHERE room_id = ?");
            let kept: i64 = match transaction.fetch_optional(kept.bind(checkpoint.room.0)).await? {
                Some(row) => row.try_get("last_offset")?,
                None => return Err(sqlx::Error::RowNotFound.into()),
            };
            if kept == encode_unsigned(checkpoint.offset) {
                let covered =
                    sqlx::query("DELETE FROM room_journal WHERE room_id = ? AND last_offset <= ? AND at_ms < ?");
                transaction.execute(covered.bind(checkpoint.room.0).bind(kept).bind(keep_from_ms)).await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }
}

fn read_room(row: &MySqlRow) -> StoreResult<StoredRoom> {
    let code = text("rooms", row, "code")?;
    Ok(StoredRoom {
        id: RoomId(row.try_get("id")?),
        code: RoomCode::parse(&code)
            .ok_or_else(|| StoreError::Unreadable { table: "rooms", reason: format!("room code {code}") })?,
        name: row.try_get("name")?,
        host: UserId(row.try_get("host_id")?),
        passcode_hash: optional_text("rooms", row, "passcode_hash")?,
        created_at_ms: row.try_get("created_at_ms")?,
        closed_at_ms: row.try_get("closed_at_ms")?,
    })
}

fn read_checkpoint(room: RoomId, row: &MySqlRow) -> StoreResult<Checkpoint> {
    Ok(Checkpoint {
        room,
        epoch: unsigned("room_checkpoints", row, "epoch")?,
        offset: unsigned("room_checkpoints", row, "last_offset")?,
        at_ms: row.try_get("at_ms")?,
        state: row.try_get("state")?,
    })
}

fn read_batch(room: RoomId, row: &MySqlRow) -> StoreResult<JournalBatch> {
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
