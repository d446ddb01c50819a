//! Rooms and their journals in SQLite.

use async_trait::async_trait;
use tutti_protocol::{RoomCode, RoomId, UserId};

use super::SqliteStore;
use super::journal::{append, append_all, replace_checkpoint};
use super::transaction::SqliteTransaction;
use crate::store::sql::encoding::encode_unsigned;
use crate::store::sql::identity::decode_user_id;
use crate::store::sql::portable::Transaction as _;
use crate::store::sql::rooms::{self as sql, decode_room};
use crate::store::{Checkpoint, JournalBatch, RoomStore, StoreResult, StoredJournal, StoredRoom};

#[async_trait]
impl RoomStore for SqliteStore {
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        sql::insert_room(&mut transaction, room).await?;
        append(&mut transaction, std::slice::from_ref(first)).await?;
        Ok(transaction.commit().await?)
    }

    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>> {
        self.fetch_optional(sql::select_room_by_code(code)).await?.as_ref().map(decode_room).transpose()
    }

    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fetch_all(sql::select_rooms_of(user, rooms_max)).await?.iter().map(decode_room).collect()
    }

    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fetch_all(sql::select_rooms_known_to(user, rooms_max)).await?.iter().map(decode_room).collect()
    }

    async fn known_to_rooms(&self, users: &[UserId]) -> StoreResult<Vec<UserId>> {
        if users.is_empty() {
            return Ok(vec![]);
        }
        let rows = self.fetch_all(sql::select_known_to_rooms(users)).await?;
        rows.iter().map(|row| decode_user_id(row, "user_id")).collect()
    }

    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()> {
        sql::purge_closed_room(self.begin().await?, room).await
    }

    async fn rooms_after(&self, after: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fetch_all(sql::select_rooms_after(after, rooms_max)).await?.iter().map(decode_room).collect()
    }

    async fn last_offset(&self, room: RoomId) -> StoreResult<Option<u64>> {
        sql::decode_last_offset(self.fetch_optional(sql::select_last_offset(room)).await?.as_ref())
    }

    async fn trim_journal(&self, room: RoomId, keep_from_ms: i64) -> StoreResult<u64> {
        sql::trim_journal(self.begin().await?, room, keep_from_ms).await
    }

    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()> {
        append_all(&self.write, batches).await?;
        self.wal_checkpointer.record_appended(batches.len());
        Ok(())
    }

    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal> {
        // One transaction: a checkpoint that is replaced between two reads would leave a gap.
        sql::load_journal(SqliteTransaction::begin_reading(&self.read).await?, room).await
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()> {
        let mut transaction = self.begin().await?;
        if replace_checkpoint(&mut transaction, checkpoint).await? {
            transaction
                .execute(sql::delete_covered_batches(checkpoint.room, encode_unsigned(checkpoint.offset), keep_from_ms))
                .await?;
        }
        Ok(transaction.commit().await?)
    }
}
