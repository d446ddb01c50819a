//! Lives and claims in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tutti_protocol::RoomId;

use super::MemoryStore;
use crate::store::{Fence, LifeId, NodeStore, StoreError, StoreResult, StoredNode};

#[derive(Debug, Default)]
pub(super) struct Tables {
    lives: BTreeMap<LifeId, (String, u64)>,
    rooms: BTreeMap<RoomId, (Option<LifeId>, Fence)>,
}

impl Tables {
    pub(super) fn fence(&self, room: RoomId) -> Fence {
        self.rooms.get(&room).map_or_else(Fence::default, |(_, fence)| *fence)
    }
}

#[async_trait]
impl NodeStore for MemoryStore {
    async fn enter(&self, life: LifeId, name: &str) -> StoreResult<()> {
        self.fault()?;
        self.nodes.lock().lives.insert(life, (name.to_owned(), 0));
        Ok(())
    }

    async fn renew(&self, life: LifeId) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.nodes.lock();
        let Some((_, beat)) = tables.lives.get_mut(&life) else { return Ok(false) };
        *beat += 1;
        Ok(true)
    }

    async fn nodes(&self) -> StoreResult<Vec<StoredNode>> {
        self.fault()?;
        let tables = self.nodes.lock();
        let node = |(life, (name, beat)): (&LifeId, &(String, u64))| StoredNode {
            life: *life,
            name: name.clone(),
            beat: *beat,
        };
        Ok(tables.lives.iter().map(node).collect())
    }

    async fn bury(&self, life: LifeId, beat: u64) -> StoreResult<()> {
        self.fault()?;
        self.nodes.lock().lives.retain(|known, (_, at)| *known != life || *at != beat);
        Ok(())
    }

    async fn leave(&self, life: LifeId) -> StoreResult<()> {
        self.fault()?;
        self.nodes.lock().lives.remove(&life);
        Ok(())
    }

    async fn claim(&self, room: RoomId, life: LifeId) -> StoreResult<Fence> {
        self.fault()?;
        // Appends hold it as readers: those in progress end first.
        let _appends_ended = self.gate.write().await;
        let mut tables = self.nodes.lock();
        if !tables.lives.contains_key(&life) {
            return Err(StoreError::Fenced);
        }
        let (owner, fence) = tables.rooms.get(&room).copied().unwrap_or_default();
        let living = owner.filter(|owner| *owner != life).and_then(|owner| tables.lives.get(&owner));
        if let Some((name, _)) = living {
            return Err(StoreError::Owned(name.clone()));
        }
        let fence = Fence(fence.0 + 1);
        tables.rooms.insert(room, (Some(life), fence));
        Ok(fence)
    }
}
