//! One-time codes of screens.

use tutti_protocol::{RoomCode, ScreenId};

use super::portable::{PortableQuery, PortableRow};
use crate::store::{StoreError, StoreResult, StoredScreenCode, TokenHash};

pub(in crate::store) fn insert<Q: PortableQuery>(code: &StoredScreenCode) -> Q {
    Q::new(
        "INSERT INTO screen_codes (code_hash, screen_id, name, expires_at_ms, room_code, approved_at_ms) \
         VALUES (?, ?, ?, ?, ?, ?)",
    )
    .bind(&code.hash.0[..])
    .bind(code.screen.0)
    .bind(code.name.as_str())
    .bind(code.expires_at_ms)
    .bind(code.room.as_ref().map(RoomCode::as_str))
    .bind(code.approved_at_ms)
}

pub(in crate::store) fn select<Q: PortableQuery>(hash: TokenHash) -> Q {
    Q::new(
        "SELECT code_hash, screen_id, name, expires_at_ms, room_code, approved_at_ms FROM screen_codes \
         WHERE code_hash = ?",
    )
    .bind(&hash.0[..])
}

pub(in crate::store) fn claim<Q: PortableQuery>(hash: TokenHash, room: RoomCode) -> Q {
    Q::new("UPDATE screen_codes SET room_code = ? WHERE code_hash = ? AND (room_code IS NULL OR room_code = ?)")
        .bind(room.as_str())
        .bind(&hash.0[..])
        .bind(room.as_str())
}

pub(in crate::store) fn release<Q: PortableQuery>(hash: TokenHash, room: RoomCode) -> Q {
    Q::new(
        "UPDATE screen_codes SET room_code = NULL \
         WHERE code_hash = ? AND room_code = ? AND approved_at_ms IS NULL",
    )
    .bind(&hash.0[..])
    .bind(room.as_str())
}

pub(in crate::store) fn approve<Q: PortableQuery>(hash: TokenHash, room: RoomCode, at_ms: i64) -> Q {
    Q::new("UPDATE screen_codes SET approved_at_ms = ? WHERE code_hash = ? AND room_code = ?")
        .bind(at_ms)
        .bind(&hash.0[..])
        .bind(room.as_str())
}

pub(in crate::store) fn decode<R: PortableRow>(row: &R) -> StoreResult<StoredScreenCode> {
    let unreadable = || StoreError::Unreadable { table: "screen_codes", reason: "room_code is no code".into() };
    let room = row.optional_text("screen_codes", "room_code")?;
    let room = room.map(|code| RoomCode::parse(&code).ok_or_else(unreadable)).transpose()?;
    Ok(StoredScreenCode {
        hash: TokenHash(row.hash("screen_codes", "code_hash")?),
        screen: ScreenId(row.get("screen_id")?),
        name: row.text("screen_codes", "name")?,
        expires_at_ms: row.get("expires_at_ms")?,
        room,
        approved_at_ms: row.get("approved_at_ms")?,
    })
}
