//! Codes of screens in SQLite.

use async_trait::async_trait;
use tutti_protocol::RoomCode;

use super::SqliteStore;
use crate::store::sql::encoding::conflict;
use crate::store::sql::screens as sql;
use crate::store::{ScreenStore, StoreResult, StoredScreenCode, TokenHash};

#[async_trait]
impl ScreenStore for SqliteStore {
    async fn insert_screen_code(&self, code: &StoredScreenCode) -> StoreResult<()> {
        self.execute(sql::insert(code)).await.map_err(|error| conflict(error, "screen code"))?;
        Ok(())
    }

    async fn screen_code(&self, hash: TokenHash) -> StoreResult<Option<StoredScreenCode>> {
        self.fetch_optional(sql::select(hash)).await?.as_ref().map(sql::decode).transpose()
    }

    async fn claim_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<bool> {
        Ok(self.execute(sql::claim(hash, room)).await? == 1)
    }

    async fn release_screen_code(&self, hash: TokenHash, room: RoomCode) -> StoreResult<()> {
        self.execute(sql::release(hash, room)).await?;
        Ok(())
    }

    async fn approve_screen_code(&self, hash: TokenHash, room: RoomCode, at_ms: i64) -> StoreResult<()> {
        self.execute(sql::approve(hash, room, at_ms)).await?;
        Ok(())
    }

    async fn delete_screen_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let delete = sqlx::query(
            "DELETE FROM screen_codes WHERE code_hash IN \
             (SELECT code_hash FROM screen_codes WHERE expires_at_ms < ? LIMIT ?)",
        );
        Ok(self.execute(delete.bind(before_ms).bind(rows_max)).await?)
    }
}
