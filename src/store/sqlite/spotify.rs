//! Spotify accounts, logins under way and pictures in SQLite.

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use tutti_protocol::UserId;

use super::SqliteStore;
use super::identity::{insert_refresh_token, insert_session, insert_user};
use super::transaction::Transaction;
use crate::store::sql::encoding::{
    conflict, decode_evidence, decode_hash, decode_verdict, encode_evidence, encode_verdict,
};
use crate::store::{
    LoginTransaction, Sealed, SpotifyStore, StoreResult, StoredPicture, StoredPremium, StoredRefreshToken,
    StoredSession, StoredSpotifyLink, StoredUser, TokenHash,
};

#[async_trait]
impl SpotifyStore for SqliteStore {
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO login_transactions (state_hash, browser_hash, verifier, slot, return_to, expires_at_ms) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&transaction.state.0[..])
        .bind(&transaction.browser.0[..])
        .bind(&transaction.verifier.0)
        .bind(transaction.slot)
        .bind(&transaction.return_to)
        .bind(transaction.expires_at_ms)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>> {
        sqlx::query("DELETE FROM login_transactions WHERE state_hash = ? RETURNING *")
            .bind(&state.0[..])
            .fetch_optional(&self.write)
            .await?
            .as_ref()
            .map(read_transaction)
            .transpose()
    }

    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let done = sqlx::query(
            "DELETE FROM login_transactions WHERE state_hash IN \
             (SELECT state_hash FROM login_transactions WHERE expires_at_ms < ? LIMIT ?)",
        )
        .bind(before_ms)
        .bind(rows_max)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected())
    }

    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>> {
        sqlx::query("SELECT * FROM spotify_links WHERE user_id = ?")
            .bind(user.0)
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_link)
            .transpose()
    }

    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>> {
        sqlx::query("SELECT user_id FROM spotify_links WHERE account_id = ?")
            .bind(account_id)
            .fetch_optional(&self.read)
            .await?
            .map(|row| Ok(UserId(row.try_get("user_id")?)))
            .transpose()
    }

    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        insert_user(&mut transaction, user).await?;
        insert_session(&mut transaction, session).await?;
        insert_refresh_token(&mut transaction, token).await?;
        put_link(&mut transaction, link).await?;
        Ok(transaction.commit().await?)
    }

    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        let mut transaction = Transaction::begin(&self.write).await?;
        let done = sqlx::query("UPDATE users SET kind = 'user' WHERE id = ?")
            .bind(link.user.0)
            .execute(&mut *transaction)
            .await?;
        if done.rows_affected() != 1 {
            transaction.roll_back().await?;
            return Ok(false);
        }
        put_link(&mut transaction, link).await?;
        transaction.commit().await?;
        Ok(true)
    }

    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let rows = sqlx::query(
            "SELECT user_id FROM spotify_links WHERE checked_at_ms < ? AND refresh_token IS NOT NULL \
             ORDER BY checked_at_ms LIMIT ?",
        )
        .bind(before_ms)
        .bind(rows_max)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok(UserId(row.try_get("user_id")?))).collect()
    }

    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE spotify_links SET display_name = ?, scope = ?, refresh_token = ?, access_token = ?, \
             access_expires_at_ms = ?, authorized_at_ms = ?, premium = ?, premium_evidence = ?, premium_at_ms = ?, \
             doubts = ?, doubted_at_ms = ?, checked_at_ms = ?, version = version + 1 \
             WHERE user_id = ? AND version = ?",
        )
        .bind(&link.display_name)
        .bind(&link.scope)
        .bind(link.refresh_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_expires_at_ms)
        .bind(link.authorized_at_ms)
        .bind(encode_verdict(link.premium.verdict))
        .bind(link.premium.evidence.map(encode_evidence))
        .bind(link.premium.at_ms)
        .bind(link.premium.doubts)
        .bind(link.premium.doubted_at_ms)
        .bind(link.checked_at_ms)
        .bind(link.user.0)
        .bind(link.version)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool> {
        let mut transaction = Transaction::begin(&self.write).await?;
        let done =
            sqlx::query("DELETE FROM spotify_links WHERE user_id = ?").bind(user.0).execute(&mut *transaction).await?;
        sqlx::query("DELETE FROM user_pictures WHERE user_id = ?").bind(user.0).execute(&mut *transaction).await?;
        sqlx::query("UPDATE users SET kind = 'guest' WHERE id = ? AND password_hash IS NULL")
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()> {
        sqlx::query(
            "INSERT INTO user_pictures (user_id, hash, media_type, bytes) VALUES (?, ?, ?, ?) ON CONFLICT (user_id) \
             DO UPDATE SET hash = excluded.hash, media_type = excluded.media_type, bytes = excluded.bytes",
        )
        .bind(user.0)
        .bind(&picture.hash[..])
        .bind(&picture.media_type)
        .bind(&picture.bytes)
        .execute(&self.write)
        .await?;
        Ok(())
    }

    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>> {
        let row = sqlx::query("SELECT hash, media_type, bytes FROM user_pictures WHERE user_id = ?")
            .bind(user.0)
            .fetch_optional(&self.read)
            .await?;
        row.map(|row| {
            Ok(StoredPicture {
                hash: decode_hash("user_pictures", row.try_get("hash")?)?,
                media_type: row.try_get("media_type")?,
                bytes: row.try_get("bytes")?,
            })
        })
        .transpose()
    }
}

/// Adds a link, or writes it in place of this person's one. A change that read the one before no longer fits: versions of
/// links only grow.
async fn put_link(connection: &mut SqliteConnection, link: &StoredSpotifyLink) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO spotify_links (user_id, account_id, display_name, scope, refresh_token, access_token, \
         access_expires_at_ms, authorized_at_ms, premium, premium_evidence, premium_at_ms, doubts, doubted_at_ms, \
         checked_at_ms, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT (user_id) DO UPDATE \
         SET account_id = excluded.account_id, display_name = excluded.display_name, scope = excluded.scope, \
         refresh_token = excluded.refresh_token, access_token = excluded.access_token, \
         access_expires_at_ms = excluded.access_expires_at_ms, authorized_at_ms = excluded.authorized_at_ms, \
         premium = excluded.premium, premium_evidence = excluded.premium_evidence, \
         premium_at_ms = excluded.premium_at_ms, doubts = excluded.doubts, doubted_at_ms = excluded.doubted_at_ms, \
         checked_at_ms = excluded.checked_at_ms, version = max(spotify_links.version + 1, excluded.version)",
    )
    .bind(link.user.0)
    .bind(&link.account_id)
    .bind(&link.display_name)
    .bind(&link.scope)
    .bind(link.refresh_token.as_ref().map(|sealed| &sealed.0))
    .bind(link.access_token.as_ref().map(|sealed| &sealed.0))
    .bind(link.access_expires_at_ms)
    .bind(link.authorized_at_ms)
    .bind(encode_verdict(link.premium.verdict))
    .bind(link.premium.evidence.map(encode_evidence))
    .bind(link.premium.at_ms)
    .bind(link.premium.doubts)
    .bind(link.premium.doubted_at_ms)
    .bind(link.checked_at_ms)
    .bind(link.version)
    .execute(connection)
    .await
    .map_err(|error| conflict(error, "spotify account"))?;
    Ok(())
}

fn read_transaction(row: &SqliteRow) -> StoreResult<LoginTransaction> {
    Ok(LoginTransaction {
        state: TokenHash(decode_hash("login_transactions", row.try_get("state_hash")?)?),
        browser: TokenHash(decode_hash("login_transactions", row.try_get("browser_hash")?)?),
        verifier: Sealed(row.try_get("verifier")?),
        slot: row.try_get("slot")?,
        return_to: row.try_get("return_to")?,
        expires_at_ms: row.try_get("expires_at_ms")?,
    })
}

fn read_link(row: &SqliteRow) -> StoreResult<StoredSpotifyLink> {
    Ok(StoredSpotifyLink {
        user: UserId(row.try_get("user_id")?),
        account_id: row.try_get("account_id")?,
        display_name: row.try_get("display_name")?,
        scope: row.try_get("scope")?,
        refresh_token: row.try_get::<Option<Vec<u8>>, _>("refresh_token")?.map(Sealed),
        access_token: row.try_get::<Option<Vec<u8>>, _>("access_token")?.map(Sealed),
        access_expires_at_ms: row.try_get("access_expires_at_ms")?,
        authorized_at_ms: row.try_get("authorized_at_ms")?,
        premium: StoredPremium {
            verdict: decode_verdict(row.try_get("premium")?)?,
            evidence: row.try_get::<Option<&str>, _>("premium_evidence")?.map(decode_evidence).transpose()?,
            at_ms: row.try_get("premium_at_ms")?,
            doubts: row.try_get("doubts")?,
            doubted_at_ms: row.try_get("doubted_at_ms")?,
        },
        checked_at_ms: row.try_get("checked_at_ms")?,
        version: row.try_get("version")?,
    })
}
