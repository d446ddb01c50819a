//! Rooms, their journals and checkpoints.

use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use tutti_protocol::{CommandId, RoomCode, RoomId, UserId};
use uuid::Uuid;

use super::batch_statements::BatchStatements;
use super::encoding::{conflict, decode_unsigned, encode_unsigned};
use super::portable::{PortableQuery, PortableRow, Transaction};
use crate::store::{
    Checkpoint, Fence, JournalBatch, Sealed, StoreError, StoreResult, StoredJournal, StoredPasscode, StoredRoom,
};

/// The parts of the statement that appends batches, for `BatchStatements`.
pub(in crate::store) const INSERT_BATCHES: &str =
    "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, member_id, command_id, events) VALUES ";
pub(in crate::store) const BATCH_VALUES: &str = "(?, ?, ?, ?, ?, ?, ?)";

macro_rules! select_room {
    () => {
        "SELECT rooms.id, rooms.code, rooms.name, rooms.host_id, rooms.passcode_hash, rooms.passcode_sealed, \
         rooms.created_at_ms, rooms.closed_at_ms FROM"
    };
}

pub(in crate::store) fn select_room_by_code<Q: PortableQuery>(code: RoomCode) -> Q {
    Q::new(concat!(select_room!(), " rooms WHERE rooms.code = ?")).bind(code.as_str())
}

pub(in crate::store) fn select_rooms_of<Q: PortableQuery>(user: UserId, rooms_max: u32) -> Q {
    Q::new(concat!(
        select_room!(),
        " room_members JOIN rooms ON rooms.id = room_members.room_id \
         WHERE room_members.user_id = ? AND room_members.present = TRUE AND rooms.closed_at_ms IS NULL \
         ORDER BY rooms.created_at_ms DESC, rooms.id DESC LIMIT ?"
    ))
    .bind(user.0)
    .bind(i64::from(rooms_max))
}

pub(in crate::store) fn select_rooms_known_to<Q: PortableQuery>(user: UserId, rooms_max: u32) -> Q {
    Q::new(concat!(
        select_room!(),
        " room_members JOIN rooms ON rooms.id = room_members.room_id \
         WHERE room_members.user_id = ? ORDER BY rooms.created_at_ms DESC, rooms.id DESC LIMIT ?"
    ))
    .bind(user.0)
    .bind(i64::from(rooms_max))
}

static SELECT_KNOWN_TO_ROOMS: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(
        &[KNOWN_TO_ROOMS_MAX, 20, 1],
        "SELECT DISTINCT user_id FROM room_members WHERE user_id IN (",
        "?",
        ")",
    )
});
const KNOWN_TO_ROOMS_MAX: usize = 200;

pub(in crate::store) fn select_known_to_rooms<Q: PortableQuery>(users: &[UserId]) -> Q {
    let (sql, ids) = SELECT_KNOWN_TO_ROOMS.for_ids(users);
    ids.fold(Q::new(sql), Q::bind)
}

pub(in crate::store) fn select_rooms_after<Q: PortableQuery>(after: Option<RoomId>, rooms_max: u32) -> Q {
    Q::new(concat!(
        select_room!(),
        " rooms WHERE rooms.id > ? AND (rooms.closed_at_ms IS NULL OR rooms.name <> '') ORDER BY rooms.id LIMIT ?"
    ))
    .bind(after.map_or(Uuid::nil(), |room| room.0))
    .bind(i64::from(rooms_max))
}

pub(in crate::store) fn select_open_rooms_before<Q: PortableQuery>(before: Option<RoomId>, rooms_max: u32) -> Q {
    Q::new(concat!(
        select_room!(),
        " rooms WHERE rooms.id < ? AND rooms.closed_at_ms IS NULL ORDER BY rooms.id DESC LIMIT ?"
    ))
    .bind(before.map_or(Uuid::max(), |room| room.0))
    .bind(i64::from(rooms_max))
}

/// Removes batches that the room's checkpoint covers and that are older than `keep_from_ms`; returns the last offset.
/// A row with `last_offset`, NULL without batches.
pub(in crate::store) fn select_last_offset<Q: PortableQuery>(room: RoomId) -> Q {
    Q::new("SELECT MAX(last_offset) AS last_offset FROM room_journal WHERE room_id = ?").bind(room.0)
}

pub(in crate::store) fn decode_last_offset(row: Option<&impl PortableRow>) -> StoreResult<Option<u64>> {
    let newest: Option<i64> = row.map(|row| row.get("last_offset")).transpose()?.flatten();
    newest.map(|newest| decode_unsigned("room_journal", "last_offset", newest)).transpose()
}

pub(in crate::store) async fn trim_journal<T: Transaction>(
    mut transaction: T,
    room: RoomId,
    keep_from_ms: i64,
) -> StoreResult<u64> {
    let newest = T::Query::new("SELECT MAX(last_offset) AS last_offset FROM room_journal WHERE room_id = ?");
    let newest = transaction.fetch_optional(newest.bind(room.0)).await?;
    let newest: i64 = newest.map(|row| row.get("last_offset")).transpose()?.flatten().unwrap_or(0);
    let checkpoint = T::Query::new("SELECT last_offset FROM room_checkpoints WHERE room_id = ?");
    let checkpoint = transaction.fetch_optional(checkpoint.bind(room.0)).await?;
    let covered: i64 = checkpoint.map(|row| row.get("last_offset")).transpose()?.unwrap_or(0);
    transaction.execute(delete_covered_batches(room, covered, keep_from_ms)).await?;
    transaction.commit().await?;
    decode_unsigned("room_journal", "last_offset", newest.max(covered))
}

/// `sql` inserts as many rows as there are batches.
pub(in crate::store) fn insert_batches<Q: PortableQuery>(sql: impl SqlSafeStr, batches: &[JournalBatch]) -> Q {
    batches.iter().fold(Q::new(sql), bind_batch)
}

/// Binds the values of one row.
pub(in crate::store) fn bind_batch<Q: PortableQuery>(query: Q, batch: &JournalBatch) -> Q {
    query
        .bind(batch.room.0)
        .bind(encode_unsigned(batch.offset))
        .bind(encode_unsigned(batch.epoch))
        .bind(batch.at_ms)
        .bind(batch.command.map(|(member, _)| member.0))
        .bind(batch.command.map(|(_, command)| command.0))
        .bind(&batch.events)
}

pub(in crate::store) fn set_host<Q: PortableQuery>(room: RoomId, host: UserId) -> Q {
    Q::new("UPDATE rooms SET host_id = ? WHERE id = ?").bind(host.0).bind(room.0)
}

pub(in crate::store) fn set_name<Q: PortableQuery>(room: RoomId, name: &str) -> Q {
    Q::new("UPDATE rooms SET name = ? WHERE id = ?").bind(name).bind(room.0)
}

pub(in crate::store) fn set_passcode<Q: PortableQuery>(room: RoomId, passcode: Option<&StoredPasscode>) -> Q {
    let set = Q::new("UPDATE rooms SET passcode_hash = ?, passcode_sealed = ? WHERE id = ?");
    bind_passcode(set, passcode).bind(room.0)
}

fn bind_passcode<Q: PortableQuery>(query: Q, passcode: Option<&StoredPasscode>) -> Q {
    let sealed = passcode.and_then(|passcode| passcode.sealed.as_ref());
    query.bind(passcode.map(|passcode| &passcode.hash)).bind(sealed.map(|sealed| &sealed.0))
}

pub(in crate::store) fn set_closed<Q: PortableQuery>(room: RoomId, at_ms: i64) -> Q {
    Q::new("UPDATE rooms SET closed_at_ms = ? WHERE id = ?").bind(at_ms).bind(room.0)
}

pub(in crate::store) fn mark_absent<Q: PortableQuery>(room: RoomId, user: UserId) -> Q {
    Q::new("UPDATE room_members SET present = FALSE WHERE user_id = ? AND room_id = ?").bind(user.0).bind(room.0)
}

pub(in crate::store) fn delete_member<Q: PortableQuery>(room: RoomId, user: UserId) -> Q {
    Q::new("DELETE FROM room_members WHERE user_id = ? AND room_id = ?").bind(user.0).bind(room.0)
}

/// Removes batches up to the offset `covered` that are older than `keep_from_ms`.
pub(in crate::store) fn delete_covered_batches<Q: PortableQuery>(room: RoomId, covered: i64, keep_from_ms: i64) -> Q {
    Q::new("DELETE FROM room_journal WHERE room_id = ? AND last_offset <= ? AND at_ms < ?")
        .bind(room.0)
        .bind(covered)
        .bind(keep_from_ms)
}

pub(in crate::store) async fn insert_room<T: Transaction>(transaction: &mut T, room: &StoredRoom) -> StoreResult<()> {
    let insert = T::Query::new(
        "INSERT INTO rooms (id, code, name, host_id, passcode_hash, passcode_sealed, created_at_ms, closed_at_ms) \
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )
    .bind(room.id.0)
    .bind(room.code.as_str())
    .bind(&room.name)
    .bind(room.host.0);
    let insert = bind_passcode(insert, room.passcode.as_ref()).bind(room.created_at_ms).bind(room.closed_at_ms);
    transaction.execute(insert).await.map_err(|error| conflict(error, "room code"))?;
    Ok(())
}

pub(in crate::store) async fn purge_closed_room<T: Transaction>(mut transaction: T, room: RoomId) -> StoreResult<()> {
    let clear = T::Query::new(
        "UPDATE rooms SET name = '', passcode_hash = NULL, passcode_sealed = NULL \
         WHERE id = ? AND closed_at_ms IS NOT NULL",
    )
    .bind(room.0);
    if transaction.execute(clear).await? == 1 {
        for sql in [
            "DELETE FROM room_journal WHERE room_id = ?",
            "DELETE FROM room_checkpoints WHERE room_id = ?",
            "DELETE FROM room_members WHERE room_id = ?",
        ] {
            transaction.execute(T::Query::new(sql).bind(room.0)).await?;
        }
    }
    Ok(transaction.commit().await?)
}

pub(in crate::store) async fn load_journal<T: Transaction>(
    mut transaction: T,
    room: RoomId,
) -> StoreResult<StoredJournal> {
    // The checkpoint comes last: where reads of one transaction see different states (READ COMMITTED), a checkpoint
    // that is replaced in between covers the batches that were removed.
    let batches = T::Query::new(
        "SELECT epoch, last_offset, at_ms, member_id, command_id, events FROM room_journal \
         WHERE room_id = ? ORDER BY last_offset",
    );
    let batches = transaction.fetch_all(batches.bind(room.0)).await?;
    let checkpoint =
        T::Query::new("SELECT epoch, last_offset, at_ms, state FROM room_checkpoints WHERE room_id = ?").bind(room.0);
    let checkpoint = transaction.fetch_optional(checkpoint).await?;
    transaction.commit().await?;
    Ok(StoredJournal {
        checkpoint: checkpoint.map(|row| decode_checkpoint(room, &row)).transpose()?,
        batches: batches.iter().map(|row| decode_batch(room, row)).collect::<StoreResult<_>>()?,
    })
}

/// Removes the room's events from before `checkpoint`, and the commands of the forgotten member. The ids of other
/// members' commands stay, so that a repeated command still has one effect.
pub(in crate::store) async fn remove_history<T: Transaction>(
    transaction: &mut T,
    checkpoint: &Checkpoint,
    forgotten: UserId,
) -> StoreResult<()> {
    let delete = T::Query::new(
        "DELETE FROM room_journal WHERE room_id = ? AND last_offset < ? AND (command_id IS NULL OR member_id = ?)",
    );
    let (room, offset) = (checkpoint.room.0, encode_unsigned(checkpoint.offset));
    transaction.execute(delete.bind(room).bind(offset).bind(forgotten.0)).await?;
    let clear = T::Query::new("UPDATE room_journal SET events = '[]' WHERE room_id = ? AND last_offset < ?");
    transaction.execute(clear.bind(room).bind(offset)).await?;
    Ok(())
}

pub(in crate::store) fn decode_room(row: &impl PortableRow) -> StoreResult<StoredRoom> {
    let code = row.text("rooms", "code")?;
    let sealed: Option<Vec<u8>> = row.get("passcode_sealed")?;
    Ok(StoredRoom {
        id: RoomId(row.get("id")?),
        code: RoomCode::parse(&code)
            .ok_or_else(|| StoreError::Unreadable { table: "rooms", reason: format!("room code {code}") })?,
        name: row.get("name")?,
        host: UserId(row.get("host_id")?),
        passcode: row
            .optional_text("rooms", "passcode_hash")?
            .map(|hash| StoredPasscode { hash, sealed: sealed.map(Sealed) }),
        created_at_ms: row.get("created_at_ms")?,
        closed_at_ms: row.get("closed_at_ms")?,
    })
}

fn decode_checkpoint(room: RoomId, row: &impl PortableRow) -> StoreResult<Checkpoint> {
    Ok(Checkpoint {
        room,
        epoch: decode_unsigned("room_checkpoints", "epoch", row.get("epoch")?)?,
        offset: decode_unsigned("room_checkpoints", "last_offset", row.get("last_offset")?)?,
        at_ms: row.get("at_ms")?,
        state: row.get("state")?,
    })
}

fn decode_batch(room: RoomId, row: &impl PortableRow) -> StoreResult<JournalBatch> {
    let member: Option<Uuid> = row.get("member_id")?;
    let command: Option<Uuid> = row.get("command_id")?;
    Ok(JournalBatch {
        room,
        epoch: decode_unsigned("room_journal", "epoch", row.get("epoch")?)?,
        offset: decode_unsigned("room_journal", "last_offset", row.get("last_offset")?)?,
        at_ms: row.get("at_ms")?,
        command: member.zip(command).map(|(member, command)| (UserId(member), CommandId(command))),
        events: row.get("events")?,
        index: vec![],
        fence: Fence::default(),
        erasure: None,
    })
}
