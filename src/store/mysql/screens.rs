//! Codes of screens in MySQL.

use async_trait::async_trait;
use sqlx::Row as _;
use tutti_protocol::RoomCode;

use super::MySqlStore;
use super::transaction::with_retries;
use crate::store::sql::encoding::conflict;
use crate::store::sql::portable::Transaction as _;
use crate::store::sql::screens as sql;
use crate::store::{ScreenStore, StoreResult, StoredScreenCode, TokenHash};

#[async_trait]
impl ScreenStore for MySqlStore {
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
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let expired = sqlx::query(
                "SELECT code_hash FROM screen_codes WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?",
            );
            let mut deleted = 0;
            for row in transaction.fetch_all(expired.bind(before_ms).bind(i64::from(rows_max))).await? {
                let hash: &[u8] = row.try_get("code_hash")?;
                let delete = sqlx::query("DELETE FROM screen_codes WHERE code_hash = ?");
                deleted += transaction.execute(delete.bind(hash)).await?;
            }
            transaction.commit().await?;
            Ok(deleted)
        })
        .await
    }
}
