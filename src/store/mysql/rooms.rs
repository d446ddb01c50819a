//! Rooms and their journals in MySQL.

use async_trait::async_trait;
use tutti_protocol::{RoomCode, RoomId, UserId};

use super::MySqlStore;
use super::journal::{append, append_all, replace_checkpoint};
use super::transaction::with_retries;
use crate::store::sql::encoding::encode_unsigned;
use crate::store::sql::identity::decode_user_id;
use crate::store::sql::portable::{PortableRow as _, Transaction as _};
use crate::store::sql::rooms::{self as sql, decode_room};
use crate::store::{Checkpoint, JournalBatch, RoomStore, StoreResult, StoredJournal, StoredRoom};

#[async_trait]
impl RoomStore for MySqlStore {
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            sql::insert_room(&mut transaction, room).await?;
            append(&mut transaction, std::slice::from_ref(first)).await?;
            Ok(transaction.commit().await?)
        })
        .await
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
        with_retries(|| async { sql::purge_closed_room(self.begin().await?, room).await }).await
    }

    async fn rooms_after(&self, after: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fetch_all(sql::select_rooms_after(after, rooms_max)).await?.iter().map(decode_room).collect()
    }

    async fn last_offset(&self, room: RoomId) -> StoreResult<Option<u64>> {
        sql::decode_last_offset(self.fetch_optional(sql::select_last_offset(room)).await?.as_ref())
    }

    async fn trim_journal(&self, room: RoomId, keep_from_ms: i64) -> StoreResult<u64> {
        with_retries(|| async { sql::trim_journal(self.begin().await?, room, keep_from_ms).await }).await
    }

    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()> {
        append_all(self, batches).await
    }

    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal> {
        with_retries(|| async { sql::load_journal(self.begin().await?, room).await }).await
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            replace_checkpoint(&mut transaction, checkpoint).await?;
            let stored = sqlx::query("SELECT last_offset FROM room_checkpoints WHERE room_id = ?");
            let stored: i64 = match transaction.fetch_optional(stored.bind(checkpoint.room.0)).await? {
                Some(row) => row.get("last_offset")?,
                None => return Err(sqlx::Error::RowNotFound.into()),
            };
            if stored == encode_unsigned(checkpoint.offset) {
                transaction
                    .execute(sql::delete_covered_batches(
                        checkpoint.room,
                        encode_unsigned(checkpoint.offset),
                        keep_from_ms,
                    ))
                    .await?;
            }
            Ok(transaction.commit().await?)
        })
        .await
    }
}
