//! Spotify links, logins in progress, and pictures in MySQL.

use async_trait::async_trait;
use sqlx::Row as _;
use tutti_protocol::UserId;

use super::MySqlStore;
use super::transaction::with_retries;
use crate::store::sql::identity::decode_user_id;
use crate::store::sql::portable::Transaction as _;
use crate::store::sql::spotify::{self as sql, decode_link, decode_login_transaction, decode_picture};
use crate::store::{
    LoginTransaction, SpotifyStore, StoreResult, StoredPicture, StoredRefreshToken, StoredSession, StoredSpotifyLink,
    StoredUser, TokenHash,
};

#[async_trait]
impl SpotifyStore for MySqlStore {
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()> {
        self.execute(sql::insert_login_transaction(transaction)).await?;
        Ok(())
    }

    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>> {
        let select = sqlx::query(
            "SELECT state_hash, browser_hash, verifier, slot, return_to, expires_at_ms FROM login_transactions \
             WHERE state_hash = ?",
        );
        let Some(row) = self.fetch_optional(select.bind(&state.0[..])).await? else { return Ok(None) };
        // The caller whose delete removes the row gets it.
        let delete = sqlx::query("DELETE FROM login_transactions WHERE state_hash = ?").bind(&state.0[..]);
        if self.execute(delete).await? != 1 {
            return Ok(None);
        }
        decode_login_transaction(&row).map(Some)
    }

    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let expired = sqlx::query(
                "SELECT state_hash FROM login_transactions WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?",
            );
            let mut deleted = 0;
            for row in transaction.fetch_all(expired.bind(before_ms).bind(i64::from(rows_max))).await? {
                let delete = sqlx::query("DELETE FROM login_transactions WHERE state_hash = ?");
                deleted += transaction.execute(delete.bind(row.try_get::<&[u8], _>("state_hash")?)).await?;
            }
            transaction.commit().await?;
            Ok(deleted)
        })
        .await
    }

    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>> {
        self.fetch_optional(sql::select_link(user)).await?.as_ref().map(decode_link).transpose()
    }

    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>> {
        let row = self.fetch_optional(sql::select_owner(account_id)).await?;
        row.map(|row| decode_user_id(&row, "user_id")).transpose()
    }

    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()> {
        with_retries(|| async { sql::add_user(self.begin().await?, user, session, token, link).await }).await
    }

    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        with_retries(|| async { sql::link(self.begin().await?, link).await }).await
    }

    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let rows = self.fetch_all(sql::select_stale_links(before_ms, rows_max)).await?;
        rows.iter().map(|row| decode_user_id(row, "user_id")).collect()
    }

    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        Ok(self.execute(sql::update_link(link)).await? == 1)
    }

    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool> {
        with_retries(|| async { sql::unlink(self.begin().await?, user).await }).await
    }

    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()> {
        let put = sqlx::query(
            "INSERT INTO user_pictures (user_id, hash, media_type, bytes) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE hash = VALUES(hash), media_type = VALUES(media_type), bytes = VALUES(bytes)",
        )
        .bind(user.0)
        .bind(&picture.hash[..])
        .bind(&picture.media_type)
        .bind(&picture.bytes);
        self.execute(put).await?;
        Ok(())
    }

    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>> {
        self.fetch_optional(sql::select_picture(user)).await?.as_ref().map(decode_picture).transpose()
    }
}
