//! One-time codes for a user's next device.

use tutti_protocol::{SessionId, UserId};

use super::encoding::conflict;
use super::identity::insert_session;
use super::portable::{PortableQuery, PortableRow, Transaction};
use crate::store::{StoreResult, StoredDeviceCode, StoredRefreshToken, StoredSession, TokenHash};

macro_rules! select_device_code {
    () => {
        "SELECT user_id, session_id, code_hash, expires_at_ms, used_for FROM device_codes"
    };
}

pub(in crate::store) fn select_by_hash<Q: PortableQuery>(hash: TokenHash) -> Q {
    Q::new(concat!(select_device_code!(), " WHERE code_hash = ?")).bind(&hash.0[..])
}

pub(in crate::store) fn select_of<Q: PortableQuery>(user: UserId, session: SessionId) -> Q {
    Q::new(concat!(select_device_code!(), " WHERE user_id = ? AND session_id = ?")).bind(user.0).bind(session.0)
}

pub(in crate::store) fn cancel<Q: PortableQuery>(user: UserId, session: SessionId) -> Q {
    Q::new("DELETE FROM device_codes WHERE user_id = ? AND session_id = ? AND used_for IS NULL")
        .bind(user.0)
        .bind(session.0)
}

pub(in crate::store) async fn put<T: Transaction>(mut transaction: T, code: &StoredDeviceCode) -> StoreResult<()> {
    let replaced = T::Query::new("DELETE FROM device_codes WHERE user_id = ? AND session_id = ?");
    transaction.execute(replaced.bind(code.user.0).bind(code.session.0)).await?;
    let insert = T::Query::new(
        "INSERT INTO device_codes (user_id, session_id, code_hash, expires_at_ms, used_for) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(code.user.0)
    .bind(code.session.0)
    .bind(&code.hash.0[..])
    .bind(code.expires_at_ms)
    .bind(code.used_for.map(|session| session.0));
    transaction.execute(insert).await.map_err(|error| conflict(error, "device code"))?;
    Ok(transaction.commit().await?)
}

pub(in crate::store) async fn use_once<T: Transaction>(
    mut transaction: T,
    code: &StoredDeviceCode,
    session: &StoredSession,
    token: &StoredRefreshToken,
) -> StoreResult<bool> {
    let mark_used = T::Query::new(
        "UPDATE device_codes SET used_for = ? \
         WHERE user_id = ? AND session_id = ? AND code_hash = ? AND used_for IS NULL",
    )
    .bind(session.id.0)
    .bind(code.user.0)
    .bind(code.session.0)
    .bind(&code.hash.0[..]);
    // Changes nothing, but holds the row: the session cannot be revoked until the new one exists.
    let hold_session = T::Query::new(
        "UPDATE sessions SET revoked_at_ms = NULL WHERE user_id = ? AND id = ? AND revoked_at_ms IS NULL",
    )
    .bind(code.user.0)
    .bind(code.session.0);
    for query in [mark_used, hold_session] {
        if transaction.execute(query).await? != 1 {
            transaction.roll_back().await?;
            return Ok(false);
        }
    }
    insert_session(&mut transaction, session, token).await?;
    transaction.commit().await?;
    Ok(true)
}

pub(in crate::store) fn decode<R: PortableRow>(row: &R) -> StoreResult<StoredDeviceCode> {
    Ok(StoredDeviceCode {
        user: UserId(row.get("user_id")?),
        session: SessionId(row.get("session_id")?),
        hash: TokenHash(row.hash("device_codes", "code_hash")?),
        expires_at_ms: row.get("expires_at_ms")?,
        used_for: row.get::<Option<_>>("used_for")?.map(SessionId),
    })
}
