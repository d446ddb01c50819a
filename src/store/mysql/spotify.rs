//! Spotify accounts, logins under way and pictures in MySQL.

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use tutti_protocol::UserId;

use super::MySqlStore;
use super::identity::{insert_refresh_token, insert_session, insert_user};
use super::rows::{hash, optional_text, text};
use super::transaction::{Transaction, with_retries};
use crate::store::sql::encoding::{conflict, decode_evidence, decode_verdict, encode_evidence, encode_verdict};
use crate::store::{
    LoginTransaction, Sealed, SpotifyStore, StoreResult, StoredPicture, StoredPremium, StoredRefreshToken,
    StoredSession, StoredSpotifyLink, StoredUser, TokenHash,
};

#[async_trait]
impl SpotifyStore for MySqlStore {
    async fn insert_login_transaction(&self, transaction: &LoginTransaction) -> StoreResult<()> {
        let query = sqlx::query(
            "INSERT INTO login_transactions (state_hash, browser_hash, verifier, slot, return_to, expires_at_ms) \
             VALUES (?, ?, ?, ?, ?, ?)",
        )
        .bind(&transaction.state.0[..])
        .bind(&transaction.browser.0[..])
        .bind(&transaction.verifier.0)
        .bind(transaction.slot)
        .bind(transaction.return_to.as_bytes())
        .bind(transaction.expires_at_ms);
        self.execute(query).await?;
        Ok(())
    }

    async fn take_login_transaction(&self, state: TokenHash) -> StoreResult<Option<LoginTransaction>> {
        let query = sqlx::query(
            "SELECT state_hash, browser_hash, verifier, slot, return_to, expires_at_ms FROM login_transactions \
             WHERE state_hash = ?",
        );
        let Some(row) = self.fetch_optional(query.bind(&state.0[..])).await? else { return Ok(None) };
        // Whoever removes it has it.
        let taken = sqlx::query("DELETE FROM login_transactions WHERE state_hash = ?").bind(&state.0[..]);
        if self.execute(taken).await?.rows_affected() != 1 {
            return Ok(None);
        }
        read_transaction(&row).map(Some)
    }

    async fn delete_login_transactions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let over = sqlx::query(
                "SELECT state_hash FROM login_transactions WHERE expires_at_ms < ? ORDER BY expires_at_ms LIMIT ?",
            );
            let mut removed = 0;
            for row in transaction.fetch_all(over.bind(before_ms).bind(i64::from(rows_max))).await? {
                let query = sqlx::query("DELETE FROM login_transactions WHERE state_hash = ?");
                removed +=
                    transaction.execute(query.bind(row.try_get::<&[u8], _>("state_hash")?)).await?.rows_affected();
            }
            transaction.commit().await?;
            Ok(removed)
        })
        .await
    }

    async fn spotify_link(&self, user: UserId) -> StoreResult<Option<StoredSpotifyLink>> {
        let query = sqlx::query(
            "SELECT user_id, account_id, display_name, scope, refresh_token, access_token, access_expires_at_ms, \
             authorized_at_ms, premium, premium_evidence, premium_at_ms, doubts, doubted_at_ms, checked_at_ms, version \
             FROM spotify_links WHERE user_id = ?",
        );
        self.fetch_optional(query.bind(user.0)).await?.as_ref().map(read_link).transpose()
    }

    async fn spotify_owner(&self, account_id: &str) -> StoreResult<Option<UserId>> {
        let query = sqlx::query("SELECT user_id FROM spotify_links WHERE account_id = ?").bind(account_id.as_bytes());
        let row = self.fetch_optional(query).await?;
        row.map(|row| Ok(UserId(row.try_get("user_id")?))).transpose()
    }

    async fn insert_spotify_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
        link: &StoredSpotifyLink,
    ) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            insert_user(&mut transaction, user).await?;
            insert_session(&mut transaction, session).await?;
            insert_refresh_token(&mut transaction, token).await?;
            put_link(&mut transaction, link).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn link_spotify(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            // Also locks the person, so that of two who link something at once one is after the other.
            let person = sqlx::query("UPDATE users SET kind = 'user' WHERE id = ?").bind(link.user.0);
            if transaction.execute(person).await?.rows_affected() != 1 {
                transaction.roll_back().await?;
                return Ok(false);
            }
            put_link(&mut transaction, link).await?;
            transaction.commit().await?;
            Ok(true)
        })
        .await
    }

    async fn stale_spotify_links(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let query = sqlx::query(
            "SELECT user_id FROM spotify_links WHERE checked_at_ms < ? AND refresh_token IS NOT NULL \
             ORDER BY checked_at_ms LIMIT ?",
        );
        let rows = self.fetch_all(query.bind(before_ms).bind(i64::from(rows_max))).await?;
        rows.iter().map(|row| Ok(UserId(row.try_get("user_id")?))).collect()
    }

    async fn update_spotify_link(&self, link: &StoredSpotifyLink) -> StoreResult<bool> {
        let query = sqlx::query(
            "UPDATE spotify_links SET display_name = ?, scope = ?, refresh_token = ?, access_token = ?, \
             access_expires_at_ms = ?, authorized_at_ms = ?, premium = ?, premium_evidence = ?, premium_at_ms = ?, \
             doubts = ?, doubted_at_ms = ?, checked_at_ms = ?, version = version + 1 \
             WHERE user_id = ? AND version = ?",
        )
        .bind(&link.display_name)
        .bind(link.scope.as_bytes())
        .bind(link.refresh_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_expires_at_ms)
        .bind(link.authorized_at_ms)
        .bind(encode_verdict(link.premium.verdict).as_bytes())
        .bind(link.premium.evidence.map(|evidence| encode_evidence(evidence).as_bytes()))
        .bind(link.premium.at_ms)
        .bind(link.premium.doubts)
        .bind(link.premium.doubted_at_ms)
        .bind(link.checked_at_ms)
        .bind(link.user.0)
        .bind(link.version);
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    async fn unlink_spotify(&self, user: UserId) -> StoreResult<bool> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let person = sqlx::query("UPDATE users SET kind = 'guest' WHERE id = ? AND password_hash IS NULL");
            transaction.execute(person.bind(user.0)).await?;
            let done =
                transaction.execute(sqlx::query("DELETE FROM spotify_links WHERE user_id = ?").bind(user.0)).await?;
            transaction.execute(sqlx::query("DELETE FROM user_pictures WHERE user_id = ?").bind(user.0)).await?;
            transaction.commit().await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    async fn put_picture(&self, user: UserId, picture: &StoredPicture) -> StoreResult<()> {
        let query = sqlx::query(
            "INSERT INTO user_pictures (user_id, hash, media_type, bytes) VALUES (?, ?, ?, ?) \
             ON DUPLICATE KEY UPDATE hash = VALUES(hash), media_type = VALUES(media_type), bytes = VALUES(bytes)",
        )
        .bind(user.0)
        .bind(&picture.hash[..])
        .bind(picture.media_type.as_bytes())
        .bind(&picture.bytes);
        self.execute(query).await?;
        Ok(())
    }

    async fn picture(&self, user: UserId) -> StoreResult<Option<StoredPicture>> {
        let query = sqlx::query("SELECT hash, media_type, bytes FROM user_pictures WHERE user_id = ?").bind(user.0);
        let row = self.fetch_optional(query).await?;
        row.map(|row| {
            Ok(StoredPicture {
                hash: hash("user_pictures", &row, "hash")?,
                media_type: text("user_pictures", &row, "media_type")?,
                bytes: row.try_get("bytes")?,
            })
        })
        .transpose()
    }
}

/// Adds a link, or writes it in place of this person's one. A change that read the one before no longer fits: versions of
/// links only grow.
///
/// Not one upsert: MySQL would take a link of somebody else to the same account for the row to be replaced.
async fn put_link(transaction: &mut Transaction, link: &StoredSpotifyLink) -> StoreResult<()> {
    let known = sqlx::query("SELECT user_id FROM spotify_links WHERE user_id = ?").bind(link.user.0);
    let query = if transaction.fetch_optional(known).await?.is_some() {
        sqlx::query(
            "UPDATE spotify_links SET account_id = ?, display_name = ?, scope = ?, refresh_token = ?, \
             access_token = ?, access_expires_at_ms = ?, authorized_at_ms = ?, premium = ?, premium_evidence = ?, \
             premium_at_ms = ?, doubts = ?, doubted_at_ms = ?, checked_at_ms = ?, \
             version = GREATEST(version + 1, ?) WHERE user_id = ?",
        )
    } else {
        sqlx::query(
            "INSERT INTO spotify_links (account_id, display_name, scope, refresh_token, access_token, \
             access_expires_at_ms, authorized_at_ms, premium, premium_evidence, premium_at_ms, doubts, doubted_at_ms, \
             checked_at_ms, version, user_id) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        )
    };
    let query = query
        .bind(link.account_id.as_bytes())
        .bind(&link.display_name)
        .bind(link.scope.as_bytes())
        .bind(link.refresh_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_token.as_ref().map(|sealed| &sealed.0))
        .bind(link.access_expires_at_ms)
        .bind(link.authorized_at_ms)
        .bind(encode_verdict(link.premium.verdict).as_bytes())
        .bind(link.premium.evidence.map(|evidence| encode_evidence(evidence).as_bytes()))
        .bind(link.premium.at_ms)
        .bind(link.premium.doubts)
        .bind(link.premium.doubted_at_ms)
        .bind(link.checked_at_ms)
        .bind(link.version)
        .bind(link.user.0);
    transaction.execute(query).await.map_err(|error| conflict(error, "spotify account"))?;
    Ok(())
}

fn read_transaction(row: &MySqlRow) -> StoreResult<LoginTransaction> {
    Ok(LoginTransaction {
        state: TokenHash(hash("login_transactions", row, "state_hash")?),
        browser: TokenHash(hash("login_transactions", row, "browser_hash")?),
        verifier: Sealed(row.try_get("verifier")?),
        slot: row.try_get("slot")?,
        return_to: text("login_transactions", row, "return_to")?,
        expires_at_ms: row.try_get("expires_at_ms")?,
    })
}

fn read_link(row: &MySqlRow) -> StoreResult<StoredSpotifyLink> {
    Ok(StoredSpotifyLink {
        user: UserId(row.try_get("user_id")?),
        account_id: text("spotify_links", row, "account_id")?,
        display_name: row.try_get("display_name")?,
        scope: text("spotify_links", row, "scope")?,
        refresh_token: row.try_get::<Option<Vec<u8>>, _>("refresh_token")?.map(Sealed),
        access_token: row.try_get::<Option<Vec<u8>>, _>("access_token")?.map(Sealed),
        access_expires_at_ms: row.try_get("access_expires_at_ms")?,
        authorized_at_ms: row.try_get("authorized_at_ms")?,
        premium: StoredPremium {
            verdict: decode_verdict(&text("spotify_links", row, "premium")?)?,
            evidence: optional_text("spotify_links", row, "premium_evidence")?
                .as_deref()
                .map(decode_evidence)
                .transpose()?,
            at_ms: row.try_get("premium_at_ms")?,
            doubts: row.try_get("doubts")?,
            doubted_at_ms: row.try_get("doubted_at_ms")?,
        },
        checked_at_ms: row.try_get("checked_at_ms")?,
        version: row.try_get("version")?,
    })
}
