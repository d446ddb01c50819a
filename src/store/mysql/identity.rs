//! People, sessions and refresh tokens in MySQL.

use std::sync::LazyLock;

use async_trait::async_trait;
use sqlx::Row as _;
use sqlx::mysql::MySqlRow;
use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::MySqlStore;
use super::rows::{hash, optional_hash, optional_text, text};
use super::transaction::{Transaction, with_retries};
use crate::limits::USERS_PER_LOOKUP_MAX;
use crate::store::sql::batch_statements::BatchStatements;
use crate::store::sql::encoding::{conflict, decode_kind, encode_kind};
use crate::store::{
    IdentityStore, PasswordHash, Rotation, StoreError, StoreResult, StoredLogin, StoredRefreshToken, StoredSession,
    StoredUser, TokenHash,
};

static SELECT_USERS: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(
        &[USERS_PER_LOOKUP_MAX, 8, 1],
        "SELECT users.id, users.kind, users.display_name, users.username, users.username_shown, \
         users.password_hash, users.created_at_ms, users.last_seen_at_ms, user_pictures.hash AS picture, \
         spotify_links.user_id AS spotify_user_id FROM users \
         LEFT JOIN user_pictures ON user_pictures.user_id = users.id \
         LEFT JOIN spotify_links ON spotify_links.user_id = users.id WHERE users.id IN (",
        "?",
        ")",
    )
});

#[async_trait]
impl IdentityStore for MySqlStore {
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            insert_user(&mut transaction, user).await?;
            insert_session(&mut transaction, session).await?;
            insert_refresh_token(&mut transaction, token).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>> {
        let (sql, ids) = SELECT_USERS.for_ids(ids);
        let query = ids.fold(sqlx::query(sql), sqlx::query::Query::bind);
        self.fetch_all(query).await?.iter().map(read_user).collect()
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        let query = sqlx::query(
            "SELECT users.id, users.kind, users.display_name, users.username, users.username_shown, \
             users.password_hash, users.created_at_ms, users.last_seen_at_ms, user_pictures.hash AS picture, \
             spotify_links.user_id AS spotify_user_id FROM users \
             LEFT JOIN user_pictures ON user_pictures.user_id = users.id \
             LEFT JOIN spotify_links ON spotify_links.user_id = users.id WHERE users.username = ?",
        );
        self.fetch_optional(query.bind(username.as_bytes())).await?.as_ref().map(read_user).transpose()
    }

    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool> {
        let query = sqlx::query(
            "UPDATE users SET kind = 'user', display_name = ?, username = ?, username_shown = ?, password_hash = ? \
             WHERE id = ? AND password_hash IS NULL",
        )
        .bind(display_name)
        .bind(login.username.as_bytes())
        .bind(&login.username_shown)
        .bind(login.password_hash.0.as_bytes())
        .bind(id.0);
        let done = self.execute(query).await.map_err(|error| conflict(error, "username"))?;
        Ok(done.rows_affected() == 1)
    }

    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool> {
        let query = sqlx::query("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?")
            .bind(to.0.as_bytes())
            .bind(id.0)
            .bind(from.0.as_bytes());
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool> {
        let query = sqlx::query("UPDATE users SET display_name = ? WHERE id = ?").bind(display_name).bind(id.0);
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    async fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            for statement in [
                "DELETE FROM refresh_tokens WHERE user_id = ?",
                "DELETE FROM sessions WHERE user_id = ?",
                "DELETE FROM spotify_links WHERE user_id = ?",
                "DELETE FROM user_pictures WHERE user_id = ?",
            ] {
                transaction.execute(sqlx::query(statement).bind(id.0)).await?;
            }
            let done = transaction.execute(sqlx::query("DELETE FROM users WHERE id = ?").bind(id.0)).await?;
            transaction.commit().await?;
            Ok(done.rows_affected() == 1)
        })
        .await
    }

    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let query = sqlx::query(
            "SELECT id FROM users WHERE kind = 'guest' AND last_seen_at_ms < ? ORDER BY last_seen_at_ms LIMIT ?",
        );
        let rows = self.fetch_all(query.bind(before_ms).bind(i64::from(rows_max))).await?;
        rows.iter().map(|row| Ok(UserId(row.try_get("id")?))).collect()
    }

    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            insert_session(&mut transaction, session).await?;
            insert_refresh_token(&mut transaction, token).await?;
            Ok(transaction.commit().await?)
        })
        .await
    }

    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>> {
        let query = sqlx::query(
            "SELECT user_id, id, created_at_ms, last_used_at_ms, user_agent, idle_expires_at_ms, \
             absolute_expires_at_ms, revoked_at_ms FROM sessions WHERE user_id = ? AND id = ?",
        );
        self.fetch_optional(query.bind(user.0).bind(id.0)).await?.as_ref().map(read_session).transpose()
    }

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>> {
        let query = sqlx::query(
            "SELECT user_id, id, created_at_ms, last_used_at_ms, user_agent, idle_expires_at_ms, \
             absolute_expires_at_ms, revoked_at_ms FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL \
             ORDER BY last_used_at_ms DESC, id DESC",
        );
        self.fetch_all(query.bind(user.0)).await?.iter().map(read_session).collect()
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at_ms: i64,
    ) -> StoreResult<Vec<SessionId>> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let open = sqlx::query("SELECT id FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL").bind(user.0);
            let mut ended = Vec::new();
            for row in transaction.fetch_all(open).await? {
                let id = SessionId(row.try_get("id")?);
                if Some(id) != except && revoke(&mut transaction, user, id, at_ms).await? {
                    ended.push(id);
                }
            }
            transaction.commit().await?;
            Ok(ended)
        })
        .await
    }

    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let mut ended = Vec::new();
            for statement in [
                "SELECT user_id, id FROM sessions WHERE idle_expires_at_ms < ? ORDER BY idle_expires_at_ms LIMIT ?",
                "SELECT user_id, id FROM sessions WHERE revoked_at_ms < ? ORDER BY revoked_at_ms LIMIT ?",
            ] {
                for row in
                    transaction.fetch_all(sqlx::query(statement).bind(before_ms).bind(i64::from(rows_max))).await?
                {
                    let key: (Uuid, Uuid) = (row.try_get("user_id")?, row.try_get("id")?);
                    ended.push(key);
                }
            }
            // In the order of their keys, as everybody else takes locks. Some were both ended and left.
            ended.sort_unstable();
            ended.dedup();
            ended.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
            for (user, session) in &ended {
                for statement in [
                    "DELETE FROM refresh_tokens WHERE user_id = ? AND session_id = ?",
                    "DELETE FROM sessions WHERE user_id = ? AND id = ?",
                ] {
                    transaction.execute(sqlx::query(statement).bind(user).bind(session)).await?;
                }
            }
            transaction.commit().await?;
            Ok(ended.len() as u64)
        })
        .await
    }

    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let used = sqlx::query(
                "SELECT user_id, hash FROM refresh_tokens WHERE used_at_ms < ? ORDER BY used_at_ms LIMIT ?",
            );
            let mut removed = 0;
            for row in transaction.fetch_all(used.bind(before_ms).bind(i64::from(rows_max))).await? {
                let (user, hash): (Uuid, &[u8]) = (row.try_get("user_id")?, row.try_get("hash")?);
                let query = sqlx::query("DELETE FROM refresh_tokens WHERE user_id = ? AND hash = ?");
                removed += transaction.execute(query.bind(user).bind(hash)).await?.rows_affected();
            }
            transaction.commit().await?;
            Ok(removed)
        })
        .await
    }

    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool> {
        let query =
            sqlx::query("UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL")
                .bind(at_ms)
                .bind(user.0)
                .bind(id.0);
        Ok(self.execute(query).await?.rows_affected() == 1)
    }

    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>> {
        let query = sqlx::query("SELECT id, revoked_at_ms FROM sessions WHERE revoked_at_ms >= ?").bind(since_ms);
        let rows = self.fetch_all(query).await?;
        rows.iter().map(|row| Ok((SessionId(row.try_get("id")?), row.try_get("revoked_at_ms")?))).collect()
    }

    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>> {
        let query = sqlx::query(
            "SELECT user_id, hash, session_id, parent_hash, issued_at_ms, used_at_ms, successor_hash \
             FROM refresh_tokens WHERE user_id = ? AND hash = ?",
        );
        self.fetch_optional(query.bind(user.0).bind(&hash.0[..])).await?.as_ref().map(read_refresh_token).transpose()
    }

    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool> {
        with_retries(|| use_refresh_token(self, rotation)).await
    }
}

async fn use_refresh_token(store: &MySqlStore, rotation: &Rotation) -> StoreResult<bool> {
    let Rotation { user, session, used, successor, at_ms, idle_expires_at_ms } = *rotation;
    let mut transaction = store.begin().await?;
    let mark = sqlx::query(
        "UPDATE refresh_tokens SET used_at_ms = ?, successor_hash = ? \
         WHERE user_id = ? AND hash = ? AND session_id = ? AND used_at_ms IS NULL",
    )
    .bind(at_ms)
    .bind(&successor.0[..])
    .bind(user.0)
    .bind(&used.0[..])
    .bind(session.0);
    if transaction.execute(mark).await?.rows_affected() != 1 {
        transaction.roll_back().await?;
        return Ok(false);
    }
    let prolong = sqlx::query(
        "UPDATE sessions SET last_used_at_ms = ?, idle_expires_at_ms = ? \
         WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL",
    )
    .bind(at_ms)
    .bind(idle_expires_at_ms)
    .bind(user.0)
    .bind(session.0);
    if transaction.execute(prolong).await?.rows_affected() != 1 {
        transaction.roll_back().await?;
        return Ok(false);
    }
    let token = StoredRefreshToken {
        hash: successor,
        session,
        user,
        parent: Some(used),
        issued_at_ms: at_ms,
        used_at_ms: None,
        successor: None,
    };
    insert_refresh_token(&mut transaction, &token).await?;
    transaction
        .execute(sqlx::query("UPDATE users SET last_seen_at_ms = ? WHERE id = ?").bind(at_ms).bind(user.0))
        .await?;
    transaction.commit().await?;
    Ok(true)
}

/// False when it was ended before.
async fn revoke(transaction: &mut Transaction, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool> {
    let query =
        sqlx::query("UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL")
            .bind(at_ms)
            .bind(user.0)
            .bind(id.0);
    Ok(transaction.execute(query).await?.rows_affected() == 1)
}

pub(super) async fn insert_user(transaction: &mut Transaction, user: &StoredUser) -> StoreResult<()> {
    let login = user.login.as_ref();
    let query = sqlx::query(
        "INSERT INTO users (id, kind, display_name, username, username_shown, password_hash, created_at_ms, \
         last_seen_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(user.id.0)
    .bind(encode_kind(user.kind).as_bytes())
    .bind(&user.display_name)
    .bind(login.map(|login| login.username.as_bytes()))
    .bind(login.map(|login| &login.username_shown))
    .bind(login.map(|login| login.password_hash.0.as_bytes()))
    .bind(user.created_at_ms)
    .bind(user.last_seen_at_ms);
    transaction.execute(query).await.map_err(|error| conflict(error, "username"))?;
    Ok(())
}

pub(super) async fn insert_session(transaction: &mut Transaction, session: &StoredSession) -> StoreResult<()> {
    let query = sqlx::query(
        "INSERT INTO sessions (user_id, id, created_at_ms, last_used_at_ms, user_agent, idle_expires_at_ms, \
         absolute_expires_at_ms, revoked_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(session.user.0)
    .bind(session.id.0)
    .bind(session.created_at_ms)
    .bind(session.last_used_at_ms)
    .bind(&session.user_agent)
    .bind(session.idle_expires_at_ms)
    .bind(session.absolute_expires_at_ms)
    .bind(session.revoked_at_ms);
    transaction.execute(query).await?;
    Ok(())
}

pub(super) async fn insert_refresh_token(transaction: &mut Transaction, token: &StoredRefreshToken) -> StoreResult<()> {
    let query = sqlx::query(
        "INSERT INTO refresh_tokens (user_id, hash, session_id, parent_hash, issued_at_ms, used_at_ms, \
         successor_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(token.user.0)
    .bind(&token.hash.0[..])
    .bind(token.session.0)
    .bind(token.parent.as_ref().map(|hash| &hash.0[..]))
    .bind(token.issued_at_ms)
    .bind(token.used_at_ms)
    .bind(token.successor.as_ref().map(|hash| &hash.0[..]));
    transaction.execute(query).await?;
    Ok(())
}

fn read_user(row: &MySqlRow) -> StoreResult<StoredUser> {
    let login = match (
        optional_text("users", row, "username")?,
        row.try_get("username_shown")?,
        optional_text("users", row, "password_hash")?,
    ) {
        (Some(username), Some(username_shown), Some(password_hash)) => {
            Some(StoredLogin { username, username_shown, password_hash: PasswordHash(password_hash) })
        }
        (None, None, None) => None,
        _ => return Err(StoreError::Unreadable { table: "users", reason: "half a login".into() }),
    };
    Ok(StoredUser {
        id: UserId(row.try_get("id")?),
        kind: decode_kind(&text("users", row, "kind")?)?,
        display_name: row.try_get("display_name")?,
        login,
        created_at_ms: row.try_get("created_at_ms")?,
        last_seen_at_ms: row.try_get("last_seen_at_ms")?,
        picture: optional_hash("user_pictures", row, "picture")?,
        spotify: row.try_get::<Option<Uuid>, _>("spotify_user_id")?.is_some(),
    })
}

fn read_session(row: &MySqlRow) -> StoreResult<StoredSession> {
    Ok(StoredSession {
        id: SessionId(row.try_get("id")?),
        user: UserId(row.try_get("user_id")?),
        created_at_ms: row.try_get("created_at_ms")?,
        last_used_at_ms: row.try_get("last_used_at_ms")?,
        user_agent: row.try_get("user_agent")?,
        idle_expires_at_ms: row.try_get("idle_expires_at_ms")?,
        absolute_expires_at_ms: row.try_get("absolute_expires_at_ms")?,
        revoked_at_ms: row.try_get("revoked_at_ms")?,
    })
}

fn read_refresh_token(row: &MySqlRow) -> StoreResult<StoredRefreshToken> {
    Ok(StoredRefreshToken {
        hash: TokenHash(hash("refresh_tokens", row, "hash")?),
        session: SessionId(row.try_get("session_id")?),
        user: UserId(row.try_get("user_id")?),
        parent: optional_hash("refresh_tokens", row, "parent_hash")?.map(TokenHash),
        issued_at_ms: row.try_get("issued_at_ms")?,
        used_at_ms: row.try_get("used_at_ms")?,
        successor: optional_hash("refresh_tokens", row, "successor_hash")?.map(TokenHash),
    })
}
