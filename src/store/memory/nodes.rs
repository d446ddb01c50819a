//! Lives and claims in memory.

use std::collections::BTreeMap;

use async_trait::async_trait;
use tutti_protocol::RoomId;

use super::MemoryStore;
use crate::store::{Fence, LifeId, NodeStore, StoreError, StoreResult, StoredNode};

#[derive(Debug, Default)]
pub(super) struct Tables {
    lives: BTreeMap<LifeId, StoredNode>,
    rooms: BTreeMap<RoomId, (Option<LifeId>, Fence)>,
}

impl Tables {
    pub(super) fn fence(&self, room: RoomId) -> Fence {
        self.rooms.get(&room).map_or_else(Fence::default, |(_, fence)| *fence)
    }
}

#[async_trait]
impl NodeStore for MemoryStore {
    async fn enter(&self, life: LifeId, name: &str, alone: bool) -> StoreResult<()> {
        self.fault()?;
        let node = StoredNode { life, name: name.to_owned(), beat: 0, alone };
        self.nodes.lock().lives.insert(life, node);
        Ok(())
    }

    async fn renew(&self, life: LifeId) -> StoreResult<bool> {
        self.fault()?;
        let mut tables = self.nodes.lock();
        let Some(node) = tables.lives.get_mut(&life) else { return Ok(false) };
        node.beat += 1;
        Ok(true)
    }

    async fn nodes(&self) -> StoreResult<Vec<StoredNode>> {
        self.fault()?;
        Ok(self.nodes.lock().lives.values().cloned().collect())
    }

    async fn bury(&self, life: LifeId, beat: u64) -> StoreResult<()> {
        self.fault()?;
        self.nodes.lock().lives.retain(|known, node| *known != life || node.beat != beat);
        Ok(())
    }

    async fn leave(&self, life: LifeId) -> StoreResult<()> {
        self.fault()?;
        self.nodes.lock().lives.remove(&life);
        Ok(())
    }

    async fn owned_rooms(&self) -> StoreResult<BTreeMap<LifeId, u64>> {
        self.fault()?;
        let mut owned = BTreeMap::new();
        for owner in self.nodes.lock().rooms.values().filter_map(|(owner, _)| *owner) {
            *owned.entry(owner).or_default() += 1;
        }
        Ok(owned)
    }

    async fn release(&self, room: RoomId, life: LifeId, fence: Fence) -> StoreResult<()> {
        self.fault()?;
        if let Some((owner, at)) = self.nodes.lock().rooms.get_mut(&room)
            && *owner == Some(life)
            && *at == fence
        {
            *owner = None;
        }
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
        if let Some(node) = living {
            return Err(StoreError::Owned(Box::new(node.clone())));
        }
        let fence = Fence(fence.0 + 1);
        tables.rooms.insert(room, (Some(life), fence));
        Ok(fence)
    }
}
