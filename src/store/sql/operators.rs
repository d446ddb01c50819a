//! What operators do: roles, bans, the log, switches, invitations.

use tutti_protocol::http::{Act, Registration, RoomOpeners, Switches, SwitchesChange};
use tutti_protocol::{RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::encoding::{conflict, decode_unsigned};
use super::portable::{PortableQuery, PortableRow, Transaction};
use crate::store::{RoomUse, StoreError, StoreResult, StoredAct, TokenHash, UserCounts};

pub(in crate::store) fn set_operator<Q: PortableQuery>(user: UserId, since_ms: Option<i64>) -> Q {
    Q::new("UPDATE users SET operator_since_ms = ? WHERE id = ?").bind(since_ms).bind(user.0)
}

pub(in crate::store) fn set_banned<Q: PortableQuery>(user: UserId, at_ms: Option<i64>) -> Q {
    Q::new("UPDATE users SET banned_at_ms = ? WHERE id = ?").bind(at_ms).bind(user.0)
}

pub(in crate::store) fn count_users<Q: PortableQuery>() -> Q {
    Q::new("SELECT kind, COUNT(*) AS users, COUNT(banned_at_ms) AS banned FROM users GROUP BY kind")
}

pub(in crate::store) fn decode_counts<R: PortableRow>(rows: &[R]) -> StoreResult<UserCounts> {
    let mut counts = UserCounts::default();
    for row in rows {
        let users = decode_unsigned("users", "count", row.get("users")?)?;
        counts.banned += decode_unsigned("users", "count", row.get("banned")?)?;
        match row.text("users", "kind")?.as_str() {
            "guest" => counts.guests += users,
            _ => counts.accounts += users,
        }
    }
    Ok(counts)
}

pub(in crate::store) fn count_open_rooms<Q: PortableQuery>() -> Q {
    Q::new("SELECT COUNT(*) AS number FROM rooms WHERE closed_at_ms IS NULL")
}

pub(in crate::store) fn count_members<Q: PortableQuery>(room: RoomId) -> Q {
    Q::new("SELECT COUNT(*) AS number FROM room_members WHERE room_id = ? AND present = TRUE").bind(room.0)
}

pub(in crate::store) fn select_last_batch<Q: PortableQuery>(room: RoomId) -> Q {
    Q::new("SELECT at_ms FROM room_journal WHERE room_id = ? ORDER BY last_offset DESC LIMIT 1").bind(room.0)
}

pub(in crate::store) fn select_last_checkpoint<Q: PortableQuery>(room: RoomId) -> Q {
    Q::new("SELECT at_ms FROM room_checkpoints WHERE room_id = ?").bind(room.0)
}

pub(in crate::store) fn decode_number(table: &'static str, row: Option<&impl PortableRow>) -> StoreResult<u64> {
    row.map_or(Ok(0), |row| decode_unsigned(table, "count", row.get("number")?))
}

/// Of the rows of [`count_members`], [`select_last_batch`] and [`select_last_checkpoint`].
pub(in crate::store) fn decode_use<R: PortableRow>(
    members: Option<&R>,
    stored: &[Option<R>; 2],
) -> StoreResult<RoomUse> {
    let members = decode_number("room_members", members)?;
    let mut last_used_at_ms = None;
    for row in stored.iter().flatten() {
        last_used_at_ms = last_used_at_ms.max(Some(row.get("at_ms")?));
    }
    Ok(RoomUse { members, last_used_at_ms })
}

pub(in crate::store) fn insert_act<Q: PortableQuery>(act: &StoredAct) -> Q {
    Q::new(
        "INSERT INTO operator_log (id, at_ms, act, actor_id, subject_id, room_code, value) VALUES (?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(act.id)
    .bind(act.at_ms)
    .bind(act.act.map_or("", Act::as_str))
    .bind(act.actor.map(|user| user.0))
    .bind(act.subject.map(|user| user.0))
    .bind(act.room.as_ref().map(RoomCode::as_str))
    .bind(act.value.as_deref())
}

pub(in crate::store) fn select_acts_before<Q: PortableQuery>(before: Option<Uuid>, rows_max: u32) -> Q {
    Q::new(
        "SELECT id, at_ms, act, actor_id, subject_id, room_code, value FROM operator_log \
         WHERE id < ? ORDER BY id DESC LIMIT ?",
    )
    .bind(before.unwrap_or(Uuid::max()))
    .bind(i64::from(rows_max))
}

pub(in crate::store) fn decode_act(row: &impl PortableRow) -> StoreResult<StoredAct> {
    let unreadable = || StoreError::Unreadable { table: "operator_log", reason: "room_code is no code".into() };
    let room = row.optional_text("operator_log", "room_code")?;
    Ok(StoredAct {
        id: row.get("id")?,
        at_ms: row.get("at_ms")?,
        act: Act::parse(&row.text("operator_log", "act")?),
        actor: row.get::<Option<Uuid>>("actor_id")?.map(UserId),
        subject: row.get::<Option<Uuid>>("subject_id")?.map(UserId),
        room: room.map(|code| RoomCode::parse(&code).ok_or_else(unreadable)).transpose()?,
        value: row.optional_text("operator_log", "value")?,
    })
}

pub(in crate::store) fn select_switches<Q: PortableQuery>() -> Q {
    Q::new("SELECT name, value FROM switches")
}

pub(in crate::store) fn decode_switches<R: PortableRow>(rows: &[R]) -> StoreResult<Switches> {
    let mut switches = Switches::default();
    for row in rows {
        let (name, value) = (row.text("switches", "name")?, row.text("switches", "value")?);
        let unknown = || StoreError::Unreadable { table: "switches", reason: format!("{name} is {value:?}") };
        match name.as_str() {
            "registration" => switches.registration = Registration::parse(&value).ok_or_else(unknown)?,
            "guests" => switches.guests = value != "off",
            "rooms" => switches.rooms = RoomOpeners::parse(&value).ok_or_else(unknown)?,
            // Of a newer version.
            _ => {}
        }
    }
    Ok(switches)
}

pub(in crate::store) async fn set_switches<T: Transaction>(
    mut transaction: T,
    change: &SwitchesChange,
) -> StoreResult<()> {
    let rows = [
        ("registration", change.registration.map(Registration::as_str)),
        ("guests", change.guests.map(|on| if on { "on" } else { "off" })),
        ("rooms", change.rooms.map(RoomOpeners::as_str)),
    ];
    for (name, value) in rows {
        let Some(value) = value else { continue };
        transaction.execute(T::Query::new("DELETE FROM switches WHERE name = ?").bind(name)).await?;
        let insert = T::Query::new("INSERT INTO switches (name, value) VALUES (?, ?)");
        transaction.execute(insert.bind(name).bind(value)).await.map_err(|error| conflict(error, "switch"))?;
    }
    Ok(transaction.commit().await?)
}

pub(in crate::store) fn insert_invitation<Q: PortableQuery>(hash: TokenHash, expires_at_ms: i64) -> Q {
    Q::new("INSERT INTO invitations (token_hash, expires_at_ms, used_at_ms) VALUES (?, ?, NULL)")
        .bind(&hash.0[..])
        .bind(expires_at_ms)
}

pub(in crate::store) fn use_invitation<Q: PortableQuery>(hash: TokenHash, at_ms: i64) -> Q {
    Q::new("UPDATE invitations SET used_at_ms = ? WHERE token_hash = ? AND used_at_ms IS NULL AND expires_at_ms > ?")
        .bind(at_ms)
        .bind(&hash.0[..])
        .bind(at_ms)
}

pub(in crate::store) fn release_invitation<Q: PortableQuery>(hash: TokenHash) -> Q {
    Q::new("UPDATE invitations SET used_at_ms = NULL WHERE token_hash = ?").bind(&hash.0[..])
}

pub(in crate::store) fn count_open_invitations<Q: PortableQuery>(at_ms: i64) -> Q {
    Q::new("SELECT COUNT(*) AS number FROM invitations WHERE expires_at_ms > ? AND used_at_ms IS NULL").bind(at_ms)
}
