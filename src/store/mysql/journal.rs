//! Appends batches of many rooms in few statements, since each statement costs a round trip to the database.
//!
//! Statements come in a few sizes, so that they stay prepared. In a transaction all rows are inserted before the changes
//! that follow from them. That order is safe: those changes concern other tables, or rows of the same room from before the
//! batch.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use sqlx::SqlSafeStr;
use tutti_protocol::{RoomId, UserId};

use super::MySqlStore;
use super::nodes::is_fenced;
use super::transaction::{MySqlTransaction, with_retries};
use crate::limits::DATABASE_STATEMENT_BYTES_MAX;
use crate::store::sql::batch_statements::BatchStatements;
use crate::store::sql::encoding::{conflict, encode_unsigned};
use crate::store::sql::portable::{MySqlQuery, Transaction as _};
use crate::store::sql::rooms as sql;
use crate::store::{Checkpoint, IndexChange, JournalBatch, MemberErasure, StoreError, StoreResult};

/// Rows of the journal in one statement: any small number, so that most commits are one statement.
const BATCH_SIZES: [usize; 18] = [64, 32, 16, 15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1];
/// Other rows in one statement.
const MEMBER_SIZES: [usize; 3] = [64, 8, 1];

/// See [`super::nodes`] for the fence.
static INSERT_BATCHES: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(
        &BATCH_SIZES,
        "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, member_id, command_id, events, fence) VALUES ",
        "(?, ?, ?, ?, ?, ?, ?, (SELECT fence FROM rooms WHERE id = ? AND fence = ?))",
        "",
    )
});

static SET_MEMBERS: LazyLock<BatchStatements> = LazyLock::new(|| {
    BatchStatements::new(
        &MEMBER_SIZES,
        "INSERT INTO room_members (user_id, room_id, present) VALUES ",
        "(?, ?, ?)",
        " ON DUPLICATE KEY UPDATE present = VALUES(present)",
    )
});

/// Appends batches, all or none. Rows that fit one statement are committed by it: a way to the database and back instead of
/// three, and no moment at which a server that is stopped holds locks.
pub(super) async fn append_all(store: &MySqlStore, batches: &[JournalBatch]) -> StoreResult<()> {
    let is_short = batches.len() == 1 || events_bytes(batches) <= DATABASE_STATEMENT_BYTES_MAX;
    let rows_only = is_short && batches.iter().all(JournalBatch::is_row_only);
    with_retries(|| async {
        if let Some(sql) = INSERT_BATCHES.exactly(batches.len()).filter(|_| rows_only) {
            store.execute(insert_batches(sql, batches)).await.map_err(refused)?;
            return Ok(());
        }
        let mut transaction = store.begin().await?;
        append(&mut transaction, batches).await?;
        Ok(transaction.commit().await?)
    })
    .await
}

/// Appends batches within a transaction. `Conflict("journal offset")` when one of the offsets exists, `Fenced` when one of
/// the fences is wrong.
pub(super) async fn append(transaction: &mut MySqlTransaction, batches: &[JournalBatch]) -> StoreResult<()> {
    let mut rest = batches;
    while !rest.is_empty() {
        let fits = |rows: usize| events_bytes(&rest[..rows]) <= DATABASE_STATEMENT_BYTES_MAX;
        let (rows, sql) = INSERT_BATCHES.largest(rest.len(), fits);
        let (now, later) = rest.split_at(rows);
        transaction.execute(insert_batches(sql, now)).await.map_err(refused)?;
        rest = later;
    }
    for batch in batches {
        if let Some((MemberErasure { member, .. }, checkpoint)) = batch.erasure.as_ref().zip(batch.checkpoint()) {
            replace_checkpoint(transaction, &checkpoint).await?;
            sql::remove_history(transaction, &checkpoint, *member).await?;
        }
    }
    change_rooms(transaction, batches).await?;
    change_members(transaction, &memberships(batches)).await
}

fn events_bytes(batches: &[JournalBatch]) -> usize {
    batches.iter().map(|batch| batch.events.len()).sum()
}

/// `sql` inserts as many rows as there are batches.
fn insert_batches(sql: impl SqlSafeStr, batches: &[JournalBatch]) -> MySqlQuery {
    batches.iter().fold(sqlx::query(sql), |query, batch| {
        sql::bind_batch(query, batch).bind(batch.room.0).bind(encode_unsigned(batch.fence.0))
    })
}

fn refused(error: sqlx::Error) -> StoreError {
    if is_fenced(&error) { StoreError::Fenced } else { conflict(error, "journal offset") }
}

/// Replaces a checkpoint unless the stored one is newer.
pub(super) async fn replace_checkpoint(transaction: &mut MySqlTransaction, checkpoint: &Checkpoint) -> StoreResult<()> {
    // MySQL assigns from left to right, so the compared column changes last.
    let query = sqlx::query(
        "INSERT INTO room_checkpoints (room_id, epoch, last_offset, at_ms, state) VALUES (?, ?, ?, ?, ?) \
         ON DUPLICATE KEY UPDATE epoch = IF(VALUES(last_offset) >= last_offset, VALUES(epoch), epoch), \
         at_ms = IF(VALUES(last_offset) >= last_offset, VALUES(at_ms), at_ms), \
         state = IF(VALUES(last_offset) >= last_offset, VALUES(state), state), \
         last_offset = GREATEST(VALUES(last_offset), last_offset)",
    )
    .bind(checkpoint.room.0)
    .bind(encode_unsigned(checkpoint.epoch))
    .bind(encode_unsigned(checkpoint.offset))
    .bind(checkpoint.at_ms)
    .bind(&checkpoint.state);
    transaction.execute(query).await?;
    Ok(())
}

async fn change_rooms(transaction: &mut MySqlTransaction, batches: &[JournalBatch]) -> StoreResult<()> {
    for batch in batches {
        for change in &batch.index {
            let query = match change {
                IndexChange::HostChanged(user) => sql::set_host(batch.room, *user),
                IndexChange::Renamed(name) => sql::set_name(batch.room, name),
                IndexChange::PasscodeChanged(passcode) => sql::set_passcode(batch.room, passcode.as_ref()),
                IndexChange::Closed => sql::set_closed(batch.room, batch.at_ms),
                IndexChange::Joined(_) | IndexChange::Left(_) | IndexChange::Forgotten(_) => continue,
            };
            transaction.execute(query).await?;
        }
    }
    Ok(())
}

/// The outcome for one row of `room_members`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Membership {
    Is {
        present: bool,
    },
    /// Absent, if there is a row.
    Left,
    Gone,
}

/// Folds all changes into one outcome per row. Sorted by key, so that concurrent transactions do not deadlock.
fn memberships(batches: &[JournalBatch]) -> BTreeMap<(UserId, RoomId), Membership> {
    let mut rows = BTreeMap::new();
    for batch in batches {
        for change in &batch.index {
            let (user, becomes) = match change {
                IndexChange::Joined(user) => (user, Membership::Is { present: true }),
                IndexChange::Left(user) => match rows.get(&(*user, batch.room)) {
                    Some(Membership::Is { .. }) => (user, Membership::Is { present: false }),
                    Some(Membership::Gone) => (user, Membership::Gone),
                    Some(Membership::Left) | None => (user, Membership::Left),
                },
                IndexChange::Forgotten(user) => (user, Membership::Gone),
                IndexChange::HostChanged(_)
                | IndexChange::Renamed(_)
                | IndexChange::PasscodeChanged(_)
                | IndexChange::Closed => continue,
            };
            rows.insert((*user, batch.room), becomes);
        }
    }
    rows
}

async fn change_members(
    transaction: &mut MySqlTransaction,
    rows: &BTreeMap<(UserId, RoomId), Membership>,
) -> StoreResult<()> {
    let mut set = Vec::new();
    for (&(user, room), becomes) in rows {
        let query = match *becomes {
            Membership::Is { present } => {
                set.push((user, room, present));
                continue;
            }
            Membership::Left => sql::mark_absent(room, user),
            Membership::Gone => sql::delete_member(room, user),
        };
        transaction.execute(query).await?;
    }
    let mut rest = &set[..];
    while !rest.is_empty() {
        let (rows, sql) = SET_MEMBERS.largest(rest.len(), |_| true);
        let mut query = sqlx::query(sql);
        let (now, later) = rest.split_at(rows);
        for (user, room, present) in now {
            query = query.bind(user.0).bind(room.0).bind(*present);
        }
        transaction.execute(query).await?;
        rest = later;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;
    use crate::store::Fence;

    const ANA: UserId = UserId(Uuid::from_u128(1));
    const ROOM: RoomId = RoomId(Uuid::from_u128(2));

    fn becomes(changes: &[IndexChange]) -> Option<Membership> {
        let batch = |change: &IndexChange| JournalBatch {
            room: ROOM,
            epoch: 1,
            offset: 1,
            at_ms: 1,
            command: None,
            events: String::new(),
            index: vec![change.clone()],
            fence: Fence::default(),
            erasure: None,
        };
        memberships(&changes.iter().map(batch).collect::<Vec<_>>()).get(&(ANA, ROOM)).copied()
    }

    #[test]
    fn changes_to_one_member_fold_into_one() {
        use IndexChange::{Closed, Forgotten, HostChanged, Joined, Left};
        assert_eq!(becomes(&[Joined(ANA)]), Some(Membership::Is { present: true }));
        assert_eq!(becomes(&[Joined(ANA), Left(ANA)]), Some(Membership::Is { present: false }));
        assert_eq!(becomes(&[Left(ANA), Joined(ANA)]), Some(Membership::Is { present: true }));
        assert_eq!(becomes(&[Left(ANA), Left(ANA)]), Some(Membership::Left), "a user who never joined gets no row");
        assert_eq!(becomes(&[Joined(ANA), Forgotten(ANA), Left(ANA)]), Some(Membership::Gone));
        assert_eq!(becomes(&[Forgotten(ANA), Joined(ANA)]), Some(Membership::Is { present: true }));
        assert_eq!(becomes(&[HostChanged(ANA), Closed]), None);
    }

    #[test]
    fn statements_are_as_large_as_fits() {
        let rows = |rows, fits: usize| INSERT_BATCHES.largest(rows, |size| size <= fits).0;
        assert_eq!((rows(1_000, 1_000), rows(63, 1_000), rows(7, 1_000)), (64, 32, 7));
        assert_eq!((rows(1_000, 10), rows(1_000, 0)), (10, 1), "a batch that is too long is sent alone");
    }
}
