//! Users, sessions and refresh tokens.

use std::sync::LazyLock;

use tutti_protocol::{SessionId, UserId};
use uuid::Uuid;

use super::batch_statements::BatchStatements;
use super::encoding::{conflict, decode_kind, encode_kind};
use super::portable::{PortableQuery, PortableRow, Transaction};
use crate::limits::USERS_PER_LOOKUP_MAX;
use crate::store::{
    PasswordHash, Rotation, StoreError, StoreResult, StoredLogin, StoredRefreshToken, StoredSession, StoredUser,
    TokenHash,
};

/// What erasing a user removes besides the row in `users`. Rooms erase their own traces of a member: `room_members`
/// rows go with [`IndexChange::Forgotten`](crate::store::IndexChange::Forgotten).
///
/// Codes come first: one that is used at the same moment is used before, so that its session is deleted too, or not at all.
const DELETE_OF_USER: [&str; 5] = [
    "DELETE FROM device_codes WHERE user_id = ?",
    "DELETE FROM refresh_tokens WHERE user_id = ?",
    "DELETE FROM sessions WHERE user_id = ?",
    "DELETE FROM spotify_links WHERE user_id = ?",
    "DELETE FROM user_pictures WHERE user_id = ?",
];

/// A macro, since a statement is made of literals.
macro_rules! select_user {
    () => {
        "SELECT users.id, users.kind, users.display_name, users.username, users.username_shown, users.password_hash, \
         users.created_at_ms, users.last_seen_at_ms, users.operator_since_ms, users.banned_at_ms, \
         user_pictures.hash AS picture, spotify_links.user_id AS spotify_user_id FROM users \
         LEFT JOIN user_pictures ON user_pictures.user_id = users.id \
         LEFT JOIN spotify_links ON spotify_links.user_id = users.id"
    };
}

macro_rules! select_session {
    () => {
        "SELECT user_id, id, created_at_ms, last_used_at_ms, user_agent, idle_expires_at_ms, absolute_expires_at_ms, \
         revoked_at_ms FROM sessions"
    };
}

static SELECT_USERS: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(&[USERS_PER_LOOKUP_MAX, 8, 1], concat!(select_user!(), " WHERE users.id IN ("), "?", ")")
});

pub(in crate::store) fn select_users<Q: PortableQuery>(ids: &[UserId]) -> Q {
    let (sql, ids) = SELECT_USERS.for_ids(ids);
    ids.fold(Q::new(sql), Q::bind)
}

pub(in crate::store) fn select_users_before<Q: PortableQuery>(before: Option<UserId>, rows_max: u32) -> Q {
    Q::new(concat!(select_user!(), " WHERE users.id < ? ORDER BY users.id DESC LIMIT ?"))
        .bind(before.map_or(Uuid::max(), |user| user.0))
        .bind(i64::from(rows_max))
}

pub(in crate::store) fn select_operators<Q: PortableQuery>() -> Q {
    Q::new(concat!(
        select_user!(),
        " WHERE users.operator_since_ms IS NOT NULL ORDER BY users.operator_since_ms, users.id"
    ))
}

pub(in crate::store) fn select_user_by_username<Q: PortableQuery>(username: &str) -> Q {
    Q::new(concat!(select_user!(), " WHERE users.username = ?")).bind(username)
}

pub(in crate::store) fn add_login<Q: PortableQuery>(id: UserId, display_name: &str, login: &StoredLogin) -> Q {
    Q::new(
        "UPDATE users SET kind = 'user', display_name = ?, username = ?, username_shown = ?, password_hash = ? \
         WHERE id = ? AND password_hash IS NULL",
    )
    .bind(display_name)
    .bind(&login.username)
    .bind(&login.username_shown)
    .bind(&login.password_hash.0)
    .bind(id.0)
}

pub(in crate::store) fn change_password<Q: PortableQuery>(id: UserId, from: &PasswordHash, to: &PasswordHash) -> Q {
    Q::new("UPDATE users SET password_hash = ? WHERE id = ? AND password_hash = ?").bind(&to.0).bind(id.0).bind(&from.0)
}

pub(in crate::store) fn rename_user<Q: PortableQuery>(id: UserId, display_name: &str) -> Q {
    Q::new("UPDATE users SET display_name = ? WHERE id = ?").bind(display_name).bind(id.0)
}

pub(in crate::store) fn select_unused_guests<Q: PortableQuery>(before_ms: i64, rows_max: u32) -> Q {
    Q::new(
        "SELECT id FROM users WHERE kind = 'guest' AND last_seen_at_ms < ? AND banned_at_ms IS NULL \
         ORDER BY last_seen_at_ms LIMIT ?",
    )
    .bind(before_ms)
    .bind(i64::from(rows_max))
}

pub(in crate::store) fn select_guests_seen_before<Q: PortableQuery>(
    before_ms: i64,
    after: Option<(i64, UserId)>,
    rows_max: u32,
) -> Q {
    let (after_ms, after_id) = after.unwrap_or((i64::MIN, UserId(Uuid::nil())));
    Q::new(
        "SELECT id, last_seen_at_ms FROM users WHERE kind = 'guest' AND last_seen_at_ms < ? AND last_seen_at_ms >= ? \
         AND (last_seen_at_ms > ? OR id > ?) AND banned_at_ms IS NULL ORDER BY last_seen_at_ms, id LIMIT ?",
    )
    .bind(before_ms)
    .bind(after_ms)
    .bind(after_ms)
    .bind(after_id.0)
    .bind(i64::from(rows_max))
}

pub(in crate::store) fn decode_seen_guest(row: &impl PortableRow) -> StoreResult<(i64, UserId)> {
    Ok((row.get("last_seen_at_ms")?, decode_user_id(row, "id")?))
}

pub(in crate::store) fn select_session<Q: PortableQuery>(user: UserId, id: SessionId) -> Q {
    Q::new(concat!(select_session!(), " WHERE user_id = ? AND id = ?")).bind(user.0).bind(id.0)
}

pub(in crate::store) fn select_sessions_of<Q: PortableQuery>(user: UserId) -> Q {
    Q::new(concat!(
        select_session!(),
        " WHERE user_id = ? AND revoked_at_ms IS NULL ORDER BY last_used_at_ms DESC, id DESC"
    ))
    .bind(user.0)
}

pub(in crate::store) fn select_sessions_revoked_since<Q: PortableQuery>(since_ms: i64) -> Q {
    Q::new("SELECT id, revoked_at_ms FROM sessions WHERE revoked_at_ms >= ?").bind(since_ms)
}

pub(in crate::store) fn revoke_session<Q: PortableQuery>(user: UserId, id: SessionId, at_ms: i64) -> Q {
    Q::new("UPDATE sessions SET revoked_at_ms = ? WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL")
        .bind(at_ms)
        .bind(user.0)
        .bind(id.0)
}

pub(in crate::store) fn select_refresh_token<Q: PortableQuery>(user: UserId, hash: TokenHash) -> Q {
    Q::new(
        "SELECT user_id, hash, session_id, parent_hash, issued_at_ms, used_at_ms, successor_hash FROM refresh_tokens \
         WHERE user_id = ? AND hash = ?",
    )
    .bind(user.0)
    .bind(&hash.0[..])
}

pub(in crate::store) async fn add_user<T: Transaction>(
    mut transaction: T,
    user: &StoredUser,
    session: &StoredSession,
    token: &StoredRefreshToken,
) -> StoreResult<()> {
    insert_user(&mut transaction, user).await?;
    insert_session(&mut transaction, session, token).await?;
    Ok(transaction.commit().await?)
}

pub(in crate::store) async fn add_session<T: Transaction>(
    mut transaction: T,
    session: &StoredSession,
    token: &StoredRefreshToken,
) -> StoreResult<()> {
    insert_session(&mut transaction, session, token).await?;
    Ok(transaction.commit().await?)
}

pub(in crate::store) async fn delete_user<T: Transaction>(mut transaction: T, id: UserId) -> StoreResult<bool> {
    for sql in DELETE_OF_USER {
        transaction.execute(T::Query::new(sql).bind(id.0)).await?;
    }
    let deleted = transaction.execute(T::Query::new("DELETE FROM users WHERE id = ?").bind(id.0)).await?;
    transaction.commit().await?;
    Ok(deleted == 1)
}

pub(in crate::store) async fn revoke_sessions<T: Transaction>(
    mut transaction: T,
    user: UserId,
    except: Option<SessionId>,
    at_ms: i64,
) -> StoreResult<Vec<SessionId>> {
    // Codes come first, as in `DELETE_OF_USER`: a revoked session must not continue in one that its code makes.
    let codes = T::Query::new("DELETE FROM device_codes WHERE user_id = ? AND used_for IS NULL").bind(user.0);
    transaction.execute(codes).await?;
    let open = T::Query::new("SELECT id FROM sessions WHERE user_id = ? AND revoked_at_ms IS NULL").bind(user.0);
    let mut revoked = Vec::new();
    for row in transaction.fetch_all(open).await? {
        let id = SessionId(row.get("id")?);
        if Some(id) != except && transaction.execute(revoke_session(user, id, at_ms)).await? == 1 {
            revoked.push(id);
        }
    }
    transaction.commit().await?;
    Ok(revoked)
}

pub(in crate::store) async fn delete_ended_sessions<T: Transaction>(
    mut transaction: T,
    before_ms: i64,
    rows_max: u32,
) -> StoreResult<u64> {
    let mut ended: Vec<(Uuid, Uuid)> = Vec::new();
    for sql in [
        "SELECT user_id, id FROM sessions WHERE idle_expires_at_ms < ? ORDER BY idle_expires_at_ms LIMIT ?",
        "SELECT user_id, id FROM sessions WHERE revoked_at_ms < ? ORDER BY revoked_at_ms LIMIT ?",
    ] {
        for row in transaction.fetch_all(T::Query::new(sql).bind(before_ms).bind(i64::from(rows_max))).await? {
            ended.push((row.get("user_id")?, row.get("id")?));
        }
    }
    // Locks are taken in the order of the keys, as in every other transaction. A session can be both expired and
    // revoked.
    ended.sort_unstable();
    ended.dedup();
    ended.truncate(usize::try_from(rows_max).unwrap_or(usize::MAX));
    for (user, session) in &ended {
        for sql in [
            "DELETE FROM refresh_tokens WHERE user_id = ? AND session_id = ?",
            "DELETE FROM sessions WHERE user_id = ? AND id = ?",
        ] {
            transaction.execute(T::Query::new(sql).bind(*user).bind(*session)).await?;
        }
    }
    transaction.commit().await?;
    Ok(ended.len() as u64)
}

pub(in crate::store) async fn use_refresh_token<T: Transaction>(
    mut transaction: T,
    rotation: &Rotation,
) -> StoreResult<bool> {
    let Rotation { user, session, used, successor, at_ms, idle_expires_at_ms } = *rotation;
    let mark_used = T::Query::new(
        "UPDATE refresh_tokens SET used_at_ms = ?, successor_hash = ? \
         WHERE user_id = ? AND hash = ? AND session_id = ? AND used_at_ms IS NULL",
    )
    .bind(at_ms)
    .bind(&successor.0[..])
    .bind(user.0)
    .bind(&used.0[..])
    .bind(session.0);
    let prolong = T::Query::new(
        "UPDATE sessions SET last_used_at_ms = ?, idle_expires_at_ms = ? \
         WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL",
    )
    .bind(at_ms)
    .bind(idle_expires_at_ms)
    .bind(user.0)
    .bind(session.0);
    for query in [mark_used, prolong] {
        if transaction.execute(query).await? != 1 {
            transaction.roll_back().await?;
            return Ok(false);
        }
    }
    transaction.execute(insert_refresh_token(&rotation.successor_token())).await?;
    let seen = T::Query::new("UPDATE users SET last_seen_at_ms = ? WHERE id = ?").bind(at_ms).bind(user.0);
    transaction.execute(seen).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(super) async fn insert_user<T: Transaction>(transaction: &mut T, user: &StoredUser) -> StoreResult<()> {
    let login = user.login.as_ref();
    let insert = T::Query::new(
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
    .bind(user.last_seen_at_ms);
    transaction.execute(insert).await.map_err(|error| conflict(error, "username"))?;
    Ok(())
}

pub(super) async fn insert_session<T: Transaction>(
    transaction: &mut T,
    session: &StoredSession,
    token: &StoredRefreshToken,
) -> StoreResult<()> {
    let insert = T::Query::new(
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
    transaction.execute(insert).await?;
    transaction.execute(insert_refresh_token(token)).await?;
    Ok(())
}

fn insert_refresh_token<Q: PortableQuery>(token: &StoredRefreshToken) -> Q {
    Q::new(
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
}

pub(in crate::store) fn decode_user(row: &impl PortableRow) -> StoreResult<StoredUser> {
    let login = match (
        row.optional_text("users", "username")?,
        row.get("username_shown")?,
        row.optional_text("users", "password_hash")?,
    ) {
        (Some(username), Some(username_shown), Some(password_hash)) => {
            Some(StoredLogin { username, username_shown, password_hash: PasswordHash(password_hash) })
        }
        (None, None, None) => None,
        _ => return Err(StoreError::Unreadable { table: "users", reason: "incomplete login".into() }),
    };
    Ok(StoredUser {
        id: UserId(row.get("id")?),
        kind: decode_kind(&row.text("users", "kind")?)?,
        display_name: row.get("display_name")?,
        login,
        created_at_ms: row.get("created_at_ms")?,
        last_seen_at_ms: row.get("last_seen_at_ms")?,
        picture: row.optional_hash("user_pictures", "picture")?,
        spotify: row.get::<Option<Uuid>>("spotify_user_id")?.is_some(),
        operator_since_ms: row.get("operator_since_ms")?,
        banned_at_ms: row.get("banned_at_ms")?,
    })
}

pub(in crate::store) fn decode_user_id(row: &impl PortableRow, column: &str) -> StoreResult<UserId> {
    Ok(UserId(row.get(column)?))
}

pub(in crate::store) fn decode_session(row: &impl PortableRow) -> StoreResult<StoredSession> {
    Ok(StoredSession {
        id: SessionId(row.get("id")?),
        user: UserId(row.get("user_id")?),
        created_at_ms: row.get("created_at_ms")?,
        last_used_at_ms: row.get("last_used_at_ms")?,
        user_agent: row.get("user_agent")?,
        idle_expires_at_ms: row.get("idle_expires_at_ms")?,
        absolute_expires_at_ms: row.get("absolute_expires_at_ms")?,
        revoked_at_ms: row.get("revoked_at_ms")?,
    })
}

pub(in crate::store) fn decode_revocation(row: &impl PortableRow) -> StoreResult<(SessionId, i64)> {
    Ok((SessionId(row.get("id")?), row.get("revoked_at_ms")?))
}

pub(in crate::store) fn decode_refresh_token(row: &impl PortableRow) -> StoreResult<StoredRefreshToken> {
    Ok(StoredRefreshToken {
        hash: TokenHash(row.hash("refresh_tokens", "hash")?),
        session: SessionId(row.get("session_id")?),
        user: UserId(row.get("user_id")?),
        parent: row.optional_hash("refresh_tokens", "parent_hash")?.map(TokenHash),
        issued_at_ms: row.get("issued_at_ms")?,
        used_at_ms: row.get("used_at_ms")?,
        successor: row.optional_hash("refresh_tokens", "successor_hash")?.map(TokenHash),
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use sqlx::sqlite::SqliteConnectOptions;
    use sqlx::{ConnectOptions as _, Connection as _};

    use super::*;
    use crate::store::Store as _;
    use crate::store::sqlite::SqliteStore;

    /// Columns that hold the id of something else.
    const NOT_USER_IDS: [&str; 5] = ["account_id", "command_id", "room_id", "screen_id", "session_id"];
    /// Tables that keep the id of an erased user, which then leads to nothing.
    const KEPT: [&str; 1] = ["operator_log"];
    /// Tables whose rows each room changes itself when it forgets a member.
    const CHANGED_BY_ROOMS: [&str; 3] = ["room_journal", "room_members", "rooms"];

    #[tokio::test]
    async fn erasing_a_user_reaches_every_table_with_a_user_id() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("tutti.db");
        SqliteStore::open(&path).await.unwrap().close().await;
        let mut database = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
        let ids: Vec<(String, String)> = sqlx::query_as(
            r"SELECT tables.name, columns.name FROM sqlite_schema AS tables JOIN pragma_table_info(tables.name) AS columns
              WHERE tables.type = 'table' AND columns.name LIKE '%\_id' ESCAPE '\'",
        )
        .fetch_all(&mut database)
        .await
        .unwrap();
        database.close().await.unwrap();
        let with_user_ids: BTreeSet<_> = ids
            .iter()
            .filter(|(_, column)| !NOT_USER_IDS.contains(&column.as_str()))
            .map(|(table, _)| table.as_str())
            .collect();
        let erased = DELETE_OF_USER.iter().map(|sql| sql.split(' ').nth(2).unwrap());
        assert_eq!(with_user_ids, erased.chain(CHANGED_BY_ROOMS).chain(KEPT).collect());
    }
}
