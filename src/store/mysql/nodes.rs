//! Lives and claims in MySQL.
//!
//! A batch is inserted with the fence that a subquery finds, which is NULL when the room has another one, and the column
//! refuses NULL. The subquery locks the room's row until the append is committed, so a claim waits for it, with any
//! isolation level.

use std::collections::BTreeMap;

use async_trait::async_trait;
use sqlx::mysql::{MySqlDatabaseError, MySqlRow};
use tutti_protocol::RoomId;
use uuid::Uuid;

use super::MySqlStore;
use super::transaction::with_retries;
use crate::store::sql::encoding::{decode_unsigned, encode_unsigned};
use crate::store::sql::portable::{PortableRow as _, Transaction as _};
use crate::store::{Fence, LifeId, NodeStore, StoreError, StoreResult, StoredNode};

/// NULL for a column that takes none.
const BAD_NULL: u16 = 1048;

/// Whether an insert into the journal failed because of its fence.
pub(super) fn is_fenced(error: &sqlx::Error) -> bool {
    let cause = error.as_database_error().and_then(|cause| cause.try_downcast_ref::<MySqlDatabaseError>());
    cause.is_some_and(|cause| cause.number() == BAD_NULL)
}

#[async_trait]
impl NodeStore for MySqlStore {
    async fn enter(&self, life: LifeId, name: &str, alone: bool) -> StoreResult<()> {
        self.check_that_wrong_fences_are_refused().await?;
        let insert = sqlx::query("INSERT INTO nodes (id, name, beat, alone) VALUES (?, ?, 0, ?)");
        self.execute(insert.bind(life.0).bind(name.as_bytes().to_vec()).bind(alone)).await?;
        Ok(())
    }

    async fn renew(&self, life: LifeId) -> StoreResult<bool> {
        let renew = sqlx::query("UPDATE nodes SET beat = beat + 1 WHERE id = ?");
        Ok(self.execute(renew.bind(life.0)).await? == 1)
    }

    async fn nodes(&self) -> StoreResult<Vec<StoredNode>> {
        let rows = self.fetch_all(sqlx::query("SELECT id, name, beat, alone FROM nodes ORDER BY id")).await?;
        rows.iter().map(|row| node(row, "id")).collect()
    }

    async fn bury(&self, life: LifeId, beat: u64) -> StoreResult<()> {
        let bury = sqlx::query("DELETE FROM nodes WHERE id = ? AND beat = ?");
        self.execute(bury.bind(life.0).bind(encode_unsigned(beat))).await?;
        Ok(())
    }

    async fn leave(&self, life: LifeId) -> StoreResult<()> {
        self.execute(sqlx::query("DELETE FROM nodes WHERE id = ?").bind(life.0)).await?;
        Ok(())
    }

    async fn claim(&self, room: RoomId, life: LifeId) -> StoreResult<Fence> {
        with_retries(|| async {
            let found = sqlx::query(
                "SELECT rooms.fence, nodes.id AS owner, nodes.name, nodes.beat, nodes.alone FROM rooms \
                 LEFT JOIN nodes ON nodes.id = rooms.owner_id WHERE rooms.id = ?",
            );
            let Some(row) = self.fetch_optional(found.bind(room.0)).await? else {
                return Err(sqlx::Error::RowNotFound.into());
            };
            // Without a row in `nodes` the owner is dead, for ever.
            let owner: Option<Uuid> = row.get("owner")?;
            if owner.is_some_and(|owner| owner != life.0) {
                return Err(StoreError::Owned(Box::new(node(&row, "owner")?)));
            }
            let fence: i64 = row.get("fence")?;
            let claim = sqlx::query(
                "UPDATE rooms SET owner_id = ?, fence = fence + 1 \
                 WHERE id = ? AND fence = ? AND EXISTS (SELECT 1 FROM nodes WHERE nodes.id = ?)",
            );
            match self.execute(claim.bind(life.0).bind(room.0).bind(fence).bind(life.0)).await? {
                1 => Ok(Fence(decode_unsigned("rooms", "fence", fence)? + 1)),
                _ => Err(StoreError::Fenced),
            }
        })
        .await
    }

    async fn owned_rooms(&self) -> StoreResult<BTreeMap<LifeId, u64>> {
        let counted = sqlx::query(
            "SELECT owner_id, COUNT(*) AS rooms FROM rooms \
             WHERE owner_id IS NOT NULL AND closed_at_ms IS NULL GROUP BY owner_id",
        );
        let rows = self.fetch_all(counted).await?;
        rows.iter()
            .map(|row| Ok((LifeId(row.get("owner_id")?), decode_unsigned("rooms", "rooms", row.get("rooms")?)?)))
            .collect()
    }

    async fn release(&self, room: RoomId, life: LifeId, fence: Fence) -> StoreResult<()> {
        let release = sqlx::query("UPDATE rooms SET owner_id = NULL WHERE id = ? AND owner_id = ? AND fence = ?");
        self.execute(release.bind(room.0).bind(life.0).bind(encode_unsigned(fence.0))).await?;
        Ok(())
    }
}

fn node(row: &MySqlRow, id: &str) -> StoreResult<StoredNode> {
    Ok(StoredNode {
        life: LifeId(row.get(id)?),
        name: row.text("nodes", "name")?,
        beat: decode_unsigned("nodes", "beat", row.get("beat")?)?,
        alone: row.get("alone")?,
    })
}

impl MySqlStore {
    /// Without a strict `sql_mode` the server stores 0 for NULL, at least when a statement inserts several rows.
    async fn check_that_wrong_fences_are_refused(&self) -> StoreResult<()> {
        with_retries(|| async {
            let mut transaction = self.begin().await?;
            let probe = sqlx::query(
                "INSERT INTO room_journal (room_id, last_offset, epoch, at_ms, events, fence) VALUES \
                 (?, 0, 0, 0, '[]', (SELECT fence FROM rooms WHERE id = ? AND fence = ?)), \
                 (?, 1, 0, 0, '[]', (SELECT fence FROM rooms WHERE id = ? AND fence = ?))",
            );
            let nil = Uuid::nil();
            let probed = transaction.execute(probe.bind(nil).bind(nil).bind(0).bind(nil).bind(nil).bind(0)).await;
            transaction.roll_back().await?;
            match probed {
                Ok(_) => Err(StoreError::Lenient),
                Err(error) if is_fenced(&error) => Ok(()),
                Err(error) => Err(error.into()),
            }
        })
        .await
    }
}
