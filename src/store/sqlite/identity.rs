//! People, sessions and refresh tokens in SQLite.

use std::sync::LazyLock;

use async_trait::async_trait;
use sqlx::sqlite::SqliteRow;
use sqlx::{Row, SqliteConnection};
use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::SqliteStore;
use super::transaction::Transaction;
use crate::limits::USERS_PER_LOOKUP_MAX;
use crate::store::sql::batch_statements::BatchStatements;
use crate::store::sql::encoding::{conflict, decode_hash, decode_kind, encode_kind};
use crate::store::{
    IdentityStore, PasswordHash, Rotation, StoreError, StoreResult, StoredLogin, StoredRefreshToken, StoredSession,
    StoredUser, TokenHash,
};

/// People with what is kept beside them. A macro, since SQL is a literal.
macro_rules! select_user {
    () => {
        "SELECT users.*, user_pictures.hash AS picture, spotify_links.user_id IS NOT NULL AS spotify FROM users \
         LEFT JOIN user_pictures ON user_pictures.user_id = users.id \
         LEFT JOIN spotify_links ON spotify_links.user_id = users.id"
    };
}

static SELECT_USERS: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(&[USERS_PER_LOOKUP_MAX, 8, 1], concat!(select_user!(), " WHERE users.id IN ("), "?", ")")
});

#[async_trait]
impl IdentityStore for SqliteStore {
    async fn insert_user(
        &self,
        user: &StoredUser,
        session: &StoredSession,
        token: &StoredRefreshToken,
    ) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        insert_user(&mut transaction, user).await?;
        insert_session(&mut transaction, session).await?;
        insert_refresh_token(&mut transaction, token).await?;
        Ok(transaction.commit().await?)
    }

    async fn users(&self, ids: &[UserId]) -> StoreResult<Vec<StoredUser>> {
        let (sql, ids) = SELECT_USERS.for_ids(ids);
        let query = ids.fold(sqlx::query(sql), sqlx::query::Query::bind);
        query.fetch_all(&self.read).await?.iter().map(read_user).collect()
    }

    async fn user_by_username(&self, username: &str) -> StoreResult<Option<StoredUser>> {
        let query = sqlx::query(concat!(select_user!(), " WHERE users.username = ?")).bind(username);
        query.fetch_optional(&self.read).await?.as_ref().map(read_user).transpose()
    }

    async fn add_login(&self, id: UserId, display_name: &str, login: &StoredLogin) -> StoreResult<bool> {
        let done = sqlx::query(
            "UPDATE users SET kind = 'user', display_name = ?, username = ?, username_shown = ?, password_hash = ? \
             WHERE id = ? AND password_hash IS NULL",
        )
        .bind(display_name)
        .bind(&login.username)
        .bind(&login.username_shown)
        .bind(&login.password_hash.0)
        .bind(id.0)
        .execute(&self.write)
        .await
        .map_err(|error| conflict(error, "username"))?;
        Ok(done.rows_affected() == 1)
    }

    async fn change_password(&self, id: UserId, from: &PasswordHash, to: &PasswordHash) -> StoreResult<bool> {
        let done = sqlx::query("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?")
            .bind(&to.0)
            .bind(id.0)
            .bind(&from.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn rename_user(&self, id: UserId, display_name: &str) -> StoreResult<bool> {
        let done = sqlx::query("UPDATE users SET display_name = ? WHERE id = ?")
            .bind(display_name)
            .bind(id.0)
            .execute(&self.write)
            .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn delete_user(&self, id: UserId) -> StoreResult<bool> {
        let mut transaction = Transaction::begin(&self.write).await?;
        for statement in [
            "DELETE FROM refresh_tokens WHERE user_id = ?",
            "DELETE FROM sessions WHERE user_id = ?",
            "DELETE FROM spotify_links WHERE user_id = ?",
            "DELETE FROM user_pictures WHERE user_id = ?",
        ] {
            sqlx::query(statement).bind(id.0).execute(&mut *transaction).await?;
        }
        let done = sqlx::query("DELETE FROM users WHERE id = ?").bind(id.0).execute(&mut *transaction).await?;
        transaction.commit().await?;
        Ok(done.rows_affected() == 1)
    }

    async fn unused_guests(&self, before_ms: i64, rows_max: u32) -> StoreResult<Vec<UserId>> {
        let rows = sqlx::query(
            "SELECT id FROM users WHERE kind = 'guest' AND last_seen_at_ms < ? ORDER BY last_seen_at_ms LIMIT ?",
        )
        .bind(before_ms)
        .bind(rows_max)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(|row| Ok(UserId(row.try_get("id")?))).collect()
    }

    async fn insert_session(&self, session: &StoredSession, token: &StoredRefreshToken) -> StoreResult<()> {
        let mut transaction = Transaction::begin(&self.write).await?;
        insert_session(&mut transaction, session).await?;
        insert_refresh_token(&mut transaction, token).await?;
        Ok(transaction.commit().await?)
    }

    async fn session(&self, user: UserId, id: SessionId) -> StoreResult<Option<StoredSession>> {
        sqlx::query("SELECT * FROM sessions WHERE user_id = ? AND id = ?")
            .bind(user.0)
            .bind(id.0)
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_session)
            .transpose()
    }

    async fn sessions_of(&self, user: UserId) -> StoreResult<Vec<StoredSession>> {
        let rows = sqlx::query(
            "SELECT * FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL ORDER BY last_used_at_ms DESC, id DESC",
        )
        .bind(user.0)
        .fetch_all(&self.read)
        .await?;
        rows.iter().map(read_session).collect()
    }

    async fn revoke_sessions(
        &self,
        user: UserId,
        except: Option<SessionId>,
        at_ms: i64,
    ) -> StoreResult<Vec<SessionId>> {
        let mut transaction = Transaction::begin(&self.write).await?;
        let rows = sqlx::query("SELECT id FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL")
            .bind(user.0)
            .fetch_all(&mut *transaction)
            .await?;
        let mut ended = Vec::with_capacity(rows.len());
        for row in rows {
            let id = SessionId(row.try_get("id")?);
            if Some(id) != except {
                sqlx::query("UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id = ?")
                    .bind(at_ms)
                    .bind(user.0)
                    .bind(id.0)
                    .execute(&mut *transaction)
                    .await?;
                ended.push(id);
            }
        }
        transaction.commit().await?;
        Ok(ended)
    }

    async fn delete_ended_sessions(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let mut transaction = Transaction::begin(&self.write).await?;
        let rows = sqlx::query(
            "SELECT user_id, id FROM (SELECT user_id, id FROM sessions WHERE idle_expires_at_ms < ?1 \
             UNION SELECT user_id, id FROM sessions WHERE revoked_at_ms < ?1) LIMIT ?2",
        )
        .bind(before_ms)
        .bind(rows_max)
        .fetch_all(&mut *transaction)
        .await?;
        for row in &rows {
            let (user, session): (Uuid, Uuid) = (row.try_get("user_id")?, row.try_get("id")?);
            for statement in [
                "DELETE FROM refresh_tokens WHERE user_id = ? AND session_id = ?",
                "DELETE FROM sessions WHERE user_id = ? AND id = ?",
            ] {
                sqlx::query(statement).bind(user).bind(session).execute(&mut *transaction).await?;
            }
        }
        transaction.commit().await?;
        Ok(rows.len() as u64)
    }

    async fn delete_used_refresh_tokens(&self, before_ms: i64, rows_max: u32) -> StoreResult<u64> {
        let done = sqlx::query(
            "DELETE FROM refresh_tokens WHERE (user_id, hash) IN \
             (SELECT user_id, hash FROM refresh_tokens WHERE used_at_ms < ? LIMIT ?)",
        )
        .bind(before_ms)
        .bind(rows_max)
        .execute(&self.write)
        .await?;
        Ok(done.rows_affected())
    }

    async fn revoke_session(&self, user: UserId, id: SessionId, at_ms: i64) -> StoreResult<bool> {
        let done =
            sqlx::query("UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL")
                .bind(at_ms)
                .bind(user.0)
                .bind(id.0)
                .execute(&self.write)
                .await?;
        Ok(done.rows_affected() == 1)
    }

    async fn sessions_revoked_since(&self, since_ms: i64) -> StoreResult<Vec<(SessionId, i64)>> {
        let rows = sqlx::query("SELECT id, revoked_at_ms FROM sessions WHERE revoked_at_ms >= ?")
            .bind(since_ms)
            .fetch_all(&self.read)
            .await?;
        rows.iter().map(|row| Ok((SessionId(row.try_get("id")?), row.try_get("revoked_at_ms")?))).collect()
    }

    async fn refresh_token(&self, user: UserId, hash: TokenHash) -> StoreResult<Option<StoredRefreshToken>> {
        sqlx::query("SELECT * FROM refresh_tokens WHERE user_id = ? AND hash = ?")
            .bind(user.0)
            .bind(&hash.0[..])
            .fetch_optional(&self.read)
            .await?
            .as_ref()
            .map(read_refresh_token)
            .transpose()
    }

    async fn use_refresh_token(&self, rotation: &Rotation) -> StoreResult<bool> {
        let Rotation { user, session, used, successor, at_ms, idle_expires_at_ms } = *rotation;
        let mut transaction = Transaction::begin(&self.write).await?;
        let marked = sqlx::query(
            "UPDATE refresh_tokens SET used_at_ms = ?, successor_hash = ? \
             WHERE user_id = ? AND hash = ? AND session_id = ? AND used_at_ms IS NULL",
        )
        .bind(at_ms)
        .bind(&successor.0[..])
        .bind(user.0)
        .bind(&used.0[..])
        .bind(session.0)
        .execute(&mut *transaction)
        .await?;
        if marked.rows_affected() != 1 {
            transaction.roll_back().await?;
            return Ok(false);
        }
        let prolonged = sqlx::query(
            "UPDATE sessions SET last_used_at_ms = ?, idle_expires_at_ms = ? \
             WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL",
        )
        .bind(at_ms)
        .bind(idle_expires_at_ms)
        .bind(user.0)
        .bind(session.0)
        .execute(&mut *transaction)
        .await?;
        if prolonged.rows_affected() != 1 {
            transaction.roll_back().await?;
            return Ok(false);
        }
        insert_refresh_token(
            &mut transaction,
            &StoredRefreshToken {
                hash: successor,
                session,
                user,
                parent: Some(used),
                issued_at_ms: at_ms,
                used_at_ms: None,
                successor: None,
            },
        )
        .await?;
        sqlx::query("UPDATE users SET last_seen_at_ms = ? WHERE id = ?")
            .bind(at_ms)
            .bind(user.0)
            .execute(&mut *transaction)
            .await?;
        transaction.commit().await?;
        Ok(true)
    }
}

pub(super) async fn insert_user(connection: &mut SqliteConnection, user: &StoredUser) -> StoreResult<()> {
    let login = user.login.as_ref();
    sqlx::query(
        "INSERT INTO users (id, kind, display_name, username, username_shown, password_hash, created_at_ms, \
         last_seen_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(user.id.0)
    .bind(encode_kind(user.kind))
    .bind(&user.display_name)
    .bind(login.map(|login| &login.username))
    .bind(login.map(|login| &login.username_shown))
    .bind(login.map(|login| &login.password_hash.0))
    .bind(user.created_at_ms)
    .bind(user.last_seen_at_ms)
    .execute(connection)
    .await
    .map_err(|error| conflict(error, "username"))?;
    Ok(())
}

pub(super) async fn insert_session(connection: &mut SqliteConnection, session: &StoredSession) -> StoreResult<()> {
    sqlx::query(
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
    .bind(session.revoked_at_ms)
    .execute(connection)
    .await?;
    Ok(())
}

pub(super) async fn insert_refresh_token(
    connection: &mut SqliteConnection,
    token: &StoredRefreshToken,
) -> StoreResult<()> {
    sqlx::query(
        "INSERT INTO refresh_tokens (user_id, hash, session_id, parent_hash, issued_at_ms, used_at_ms, \
         successor_hash) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(token.user.0)
    .bind(&token.hash.0[..])
    .bind(token.session.0)
    .bind(token.parent.as_ref().map(|hash| &hash.0[..]))
    .bind(token.issued_at_ms)
    .bind(token.used_at_ms)
    .bind(token.successor.as_ref().map(|hash| &hash.0[..]))
    .execute(connection)
    .await?;
    Ok(())
}

fn read_user(row: &SqliteRow) -> StoreResult<StoredUser> {
    let login = match (row.try_get("username")?, row.try_get("username_shown")?, row.try_get("password_hash")?) {
        (Some(username), Some(username_shown), Some(password_hash)) => {
            Some(StoredLogin { username, username_shown, password_hash: PasswordHash(password_hash) })
        }
        (None, None, None) => None,
        _ => return Err(StoreError::Unreadable { table: "users", reason: "half a login".into() }),
    };
    Ok(StoredUser {
        id: UserId(row.try_get("id")?),
        kind: decode_kind(row.try_get("kind")?)?,
        display_name: row.try_get("display_name")?,
        login,
        created_at_ms: row.try_get("created_at_ms")?,
        last_seen_at_ms: row.try_get("last_seen_at_ms")?,
        picture: row
            .try_get::<Option<&[u8]>, _>("picture")?
            .map(|hash| decode_hash("user_pictures", hash))
            .transpose()?,
        spotify: row.try_get("spotify")?,
    })
}

fn read_session(row: &SqliteRow) -> StoreResult<StoredSession> {
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

fn read_refresh_token(row: &SqliteRow) -> StoreResult<StoredRefreshToken> {
    Ok(StoredRefreshToken {
        hash: read_token_hash(row.try_get("hash")?)?,
        session: SessionId(row.try_get::<Uuid, _>("session_id")?),
        user: UserId(row.try_get("user_id")?),
        parent: row.try_get::<Option<&[u8]>, _>("parent_hash")?.map(read_token_hash).transpose()?,
        issued_at_ms: row.try_get("issued_at_ms")?,
        used_at_ms: row.try_get("used_at_ms")?,
        successor: row.try_get::<Option<&[u8]>, _>("successor_hash")?.map(read_token_hash).transpose()?,
    })
}

fn read_token_hash(bytes: &[u8]) -> StoreResult<TokenHash> {
    decode_hash("refresh_tokens", bytes).map(TokenHash)
}
