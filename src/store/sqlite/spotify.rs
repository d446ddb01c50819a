//! Spotify links, logins in progress, and pictures in SQLite.

use async_trait::async_trait;
use tutti_protocol::UserId;

use super::SqliteStore;
use crate::store::sql::identity::decode_user_id;
use crate::store::sql::spotify::{self as sql, decode_link, decode_login_transaction, decode_picture};
use crate::store::{
    LoginTransaction, SpotifyStore, StoreResult, StoredPicture, StoredRefreshToken, StoredSession, StoredSpotifyLink,
    StoredUser, TokenHash,
};

#[async_trait]
impl SpotifyStore for SqliteStore {
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()> {
        self.execute(sql::insert_login_transaction(transaction)).await?;
        Ok(())
    }

    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>> {
        let row = sqlx::query(
            "DELETE FROM login_transactions WHERE state_hash = ? \
             RETURNING state_hash, browser_hash, verifier, slot, return_to, expires_at_ms",
        )
        .bind(&state.0[..])
        .fetch_optional(&self.write)
        .await?;
        row.as_ref().map(decode_login_transaction).transpose()
    }

    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let delete = sqlx::query(
            "DELETE FROM login_transactions WHERE state_hash IN \
             (SELECT state_hash FROM login_transactions WHERE expires_at_ms < ? LIMIT ?)",
        );
        Ok(self.execute(delete.bind(before_ms).bind(rows_max)).await?)
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
        sql::add_user(self.begin().await?, user, session, token, link).await
    }

    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        sql::link(self.begin().await?, link).await
    }

    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let rows = self.fetch_all(sql::select_stale_links(before_ms, rows_max)).await?;
        rows.iter().map(|row| decode_user_id(row, "user_id")).collect()
    }

    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        Ok(self.execute(sql::update_link(link)).await? == 1)
    }

    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool> {
        sql::unlink(self.begin().await?, user).await
    }

    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()> {
        let put = sqlx::query(
            "INSERT INTO user_pictures (user_id, hash, media_type, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user_id) \
             DO UPDATE SET hash = excluded.hash, media_type = excluded.media_type, bytes = excluded.bytes",
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
