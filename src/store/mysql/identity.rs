//! Users, sessions and refresh tokens in MySQL.

use async_trait::async_trait;
use sqlx::Row as _;
use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::MySqlStore;
use super::transaction::with_retries;
use crate::store::sql::device_codes;
use crate::store::sql::encoding::conflict;
use crate::store::sql::identity::{
    self as sql, decode_refresh_token, decode_seen_guest, decode_session, decode_user, decode_user_id,
};

use crate::store::sql::portable::Transaction as _;
use crate::store::{
    IdentityStore, PasswordHash, Rotation, StoreResult, StoredDeviceCode, StoredLogin, StoredRefreshToken,
    StoredSession, StoredUser, TokenHash,
};

#[async_trait]
impl IdentityStore for MySqlStore {
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()> {
        with_retries(|| async { sql::add_user(self.begin().await?, user, session, token).await }).await
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>> {
        self.fetch_all(sql::select_users(ids)).await?.iter().map(decode_user).collect()
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        self.fetch_optional(sql::select_user_by_username(username)).await?.as_ref().map(decode_user).transpose()
    }

    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool> {
        let changed = self.execute(sql::add_login(id, display_name, login)).await;
        Ok(changed.map_err(|error| conflict(error, "username"))? == 1)
    }

    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool> {
        Ok(self.execute(sql::change_password(id, from, to)).await? == 1)
    }

    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool> {
        Ok(self.execute(sql::rename_user(id, display_name)).await? == 1)
    }

    async fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        with_retries(|| async { sql::delete_user(self.begin().await?, id).await }).await
    }

    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let rows = self.fetch_all(sql::select_unused_guests(before_ms, rows_max)).await?;
        rows.iter().map(|row| decode_user_id(row, "id")).collect()
    }

    async fn guests_seen_before(
        &self,
        before_ms: i64,
        after: Option<(i64, UserId)>,
        rows_max: u32,
    ) -> StoreResult<Vec<(i64, UserId)>> {
        self.fetch_all(sql::select_guests_seen_before(before_ms, after, rows_max))
            .await?
            .iter()
            .map(decode_seen_guest)
            .collect()
    }

    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()> {
        with_retries(|| async { sql::add_session(self.begin().await?, session, token).await }).await
    }

    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>> {
        self.fetch_optional(sql::select_session(user, id)).await?.as_ref().map(decode_session).transpose()
    }

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>> {
        self.fetch_all(sql::select_sessions_of(user)).await?.iter().map(decode_session).collect()
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at_ms: i64,
    ) -> StoreResult<Vec<SessionId>> {
        with_retries(|| async { sql::revoke_sessions(self.begin().await?, user, except, at_ms).await }).await
    }

    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async { sql::delete_ended_sessions(self.begin().await?, before_ms, rows_max).await }).await
    }

    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let used = sqlx::query(
                "SELECT user_id, hash FROM refresh_tokens WHERE used_at_ms < ? ORDER BY used_at_ms LIMIT ?",
            );
            let mut deleted = 0;
            for row in transaction.fetch_all(used.bind(before_ms).bind(i64::from(rows_max))).await? {
                let (user, hash): (Uuid, &[u8]) = (row.try_get("user_id")?, row.try_get("hash")?);
                let delete = sqlx::query("DELETE FROM refresh_tokens WHERE user_id = ? AND hash = ?");
                deleted += transaction.execute(delete.bind(user).bind(hash)).await?;
            }
            transaction.commit().await?;
            Ok(deleted)
        })
        .await
    }

    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool> {
        Ok(self.execute(sql::revoke_session(user, id, at_ms)).await? == 1)
    }

    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>> {
        let rows = self.fetch_all(sql::select_sessions_revoked_since(since_ms)).await?;
        rows.iter().map(sql::decode_revocation).collect()
    }

    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>> {
        let row = self.fetch_optional(sql::select_refresh_token(user, hash)).await?;
        row.as_ref().map(decode_refresh_token).transpose()
    }

    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool> {
        with_retries(|| async { sql::use_refresh_token(self.begin().await?, rotation).await }).await
    }

    async fn put_device_code(&self, code: &StoredDeviceCode) -> StoreResult<()> {
        with_retries(|| async { device_codes::put(self.begin().await?, code).await }).await
    }

    async fn device_code(&self, hash: TokenHash) -> StoreResult<Option<StoredDeviceCode>> {
        let row = self.fetch_optional(device_codes::select_by_hash(hash)).await?;
        row.as_ref().map(device_codes::decode).transpose()
    }

    async fn device_code_of(&self, user: UserId, session: SessionId) -> StoreResult<Option<StoredDeviceCode>> {
        let row = self.fetch_optional(device_codes::select_of(user, session)).await?;
        row.as_ref().map(device_codes::decode).transpose()
    }

    async fn cancel_device_code(&self, user: UserId, session: SessionId) -> StoreResult<()> {
        self.execute(device_codes::cancel(user, session)).await?;
        Ok(())
    }

    async fn use_device_code(
        &self,
        code: &StoredDeviceCode,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<bool> {
        with_retries(|| async { device_codes::use_once(self.begin().await?, code, session, token).await }).await
    }

    async fn delete_device_codes(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let expired = sqlx::query(
                "SELECT user_id, session_id FROM device_codes WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?",
            );
            let mut deleted = 0;
            for row in transaction.fetch_all(expired.bind(before_ms).bind(i64::from(rows_max))).await? {
                let (user, session): (Uuid, Uuid) = (row.try_get("user_id")?, row.try_get("session_id")?);
                let delete = sqlx::query("DELETE FROM device_codes WHERE user_id = ? AND session_id = ?");
                deleted += transaction.execute(delete.bind(user).bind(session)).await?;
            }
            transaction.commit().await?;
            Ok(deleted)
        })
        .await
    }
}
