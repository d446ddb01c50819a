//! The server processes that use a database, and which of them writes the journal of which room.
//!
//! Each start of a process is a *life*. It has a row whose beat it raises while it runs. Another process that finds it dead
//! removes the row, for ever: an id is never used again. A life claims a room before it reads the room's journal. A claim
//! raises the room's fence, and appends with an earlier fence are refused: what was acknowledged before is in what the
//! claimer reads, and nothing is added behind its back.
//!
//! SQLite does not need it: one process at a time holds the lock of the database's file.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use tutti_protocol::RoomId;
use uuid::Uuid;

use super::StoreResult;

/// One life of a server process.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LifeId(pub Uuid);

impl LifeId {
    /// How long ago it began.
    pub fn age(self, now_ms: i64) -> Duration {
        let began = self.0.get_timestamp().map_or(Duration::ZERO, |at| {
            let (seconds, nanos) = at.to_unix();
            Duration::new(seconds, nanos)
        });
        Duration::from_millis(u64::try_from(now_ms).unwrap_or(0)).saturating_sub(began)
    }
}

/// How often a room was claimed; 0 when it never was.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fence(pub u64);

/// A life's row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredNode {
    /// UUIDv7.
    pub life: LifeId,
    /// Shown to operators.
    pub name: String,
    /// Rises while the life runs.
    pub beat: u64,
    /// Whether it serves the database alone; others share it through a bus.
    pub alone: bool,
}

/// Stores lives and their rooms.
#[async_trait]
pub trait NodeStore: std::fmt::Debug + Send + Sync + 'static {
    /// Adds a life, which serves the database alone or shares it. `Lenient` when the database would store a batch whose fence
    /// is wrong.
    async fn enter(&self, life: LifeId, name: &str, alone: bool) -> StoreResult<()>;

    /// Raises a life's beat; false when the life was buried.
    async fn renew(&self, life: LifeId) -> StoreResult<bool>;

    /// All lives that were neither buried nor have left.
    async fn nodes(&self) -> StoreResult<Vec<StoredNode>>;

    /// Removes a life unless its beat has risen.
    async fn bury(&self, life: LifeId, beat: u64) -> StoreResult<()>;

    /// Removes a life that is over. Its rooms are free.
    async fn leave(&self, life: LifeId) -> StoreResult<()>;

    /// How many open rooms each life owns.
    async fn owned_rooms(&self) -> StoreResult<BTreeMap<LifeId, u64>>;

    /// Frees a room that a life owns with this fence: the next server that needs it claims it.
    async fn release(&self, room: RoomId, life: LifeId, fence: Fence) -> StoreResult<()>;

    /// Gives a room to a life. Waits for an append of the room that is in progress; appends with an earlier fence fail
    /// afterwards. `Owned` when another life has the room; `Fenced` when this life was buried, or another claim was faster.
    async fn claim(&self, room: RoomId, life: LifeId) -> StoreResult<Fence>;
}

/// Claims rooms for one life.
#[derive(Clone, Debug)]
pub struct RoomClaims {
    nodes: Arc<dyn NodeStore>,
    life: LifeId,
}

impl RoomClaims {
    /// Claims for `life`.
    pub fn new(nodes: Arc<dyn NodeStore>, life: LifeId) -> Self {
        Self { nodes, life }
    }

    pub(super) async fn claim(&self, room: RoomId) -> StoreResult<Fence> {
        self.nodes.claim(room, self.life).await
    }

    pub(super) async fn release(&self, room: RoomId, fence: Fence) -> StoreResult<()> {
        self.nodes.release(room, self.life, fence).await
    }
}
