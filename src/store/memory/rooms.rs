//! Rooms and their journals in memory.

use std::collections::{BTreeMap, BTreeSet};

use async_trait::async_trait;
use tutti_protocol::{RoomCode, RoomId, UserId};

use super::{Call, MemoryStore, PlantedBug};
use crate::store::{
    Checkpoint, Fence, IndexChange, JournalBatch, MemberErasure, RoomStore, RoomUse, StoreError, StoreResult,
    StoredJournal, StoredRoom,
};

#[derive(Debug, Default)]
pub(super) struct Tables {
    rooms: BTreeMap<RoomId, StoredRoom>,
    /// The value says whether the user is still a member.
    members: BTreeMap<(UserId, RoomId), bool>,
    journal: BTreeMap<(RoomId, u64), JournalBatch>,
    checkpoints: BTreeMap<RoomId, Checkpoint>,
    /// Batches that [`PlantedBug::AcknowledgesEarly`] acknowledged without storing them.
    unsynced: Vec<JournalBatch>,
}

#[async_trait]
impl RoomStore for MemoryStore {
    async fn create_room(&self, room: &StoredRoom, first: &JournalBatch) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.rooms.lock();
        if tables.rooms.values().any(|known| known.code == room.code) {
            return Err(StoreError::Conflict("room code"));
        }
        if tables.has(first) {
            return Err(StoreError::Conflict("journal offset"));
        }
        tables.rooms.insert(room.id, room.clone());
        tables.append(first);
        Ok(())
    }

    async fn room_by_code(&self, code: RoomCode) -> StoreResult<Option<StoredRoom>> {
        self.fault()?;
        Ok(self.rooms.lock().rooms.values().find(|room| room.code == code).cloned())
    }

    async fn rooms_of(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fault()?;
        let tables = self.rooms.lock();
        let belongs = |room: &StoredRoom| tables.members.get(&(user, room.id)) == Some(&true);
        Ok(tables.newest(rooms_max, |room| room.closed_at_ms.is_none() && belongs(room)))
    }

    async fn rooms_known_to(&self, user: UserId, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fault()?;
        let tables = self.rooms.lock();
        Ok(tables.newest(rooms_max, |room| tables.members.contains_key(&(user, room.id))))
    }

    async fn known_to_rooms(&self, users: &[UserId]) -> StoreResult<Vec<UserId>> {
        self.fault()?;
        let tables = self.rooms.lock();
        let known: BTreeSet<_> = tables.members.keys().map(|(user, _)| *user).collect();
        Ok(users.iter().filter(|user| known.contains(user)).copied().collect())
    }

    async fn purge_closed_room(&self, room: RoomId) -> StoreResult<()> {
        self.fault()?;
        let mut tables = self.rooms.lock();
        let Some(closed) = tables.rooms.get_mut(&room).filter(|room| room.closed_at_ms.is_some()) else {
            return Ok(());
        };
        closed.name.clear();
        closed.passcode = None;
        tables.journal.retain(|(known, _), _| *known != room);
        tables.checkpoints.remove(&room);
        tables.members.retain(|(_, known), _| *known != room);
        Ok(())
    }

    async fn rooms_after(&self, after: Option<RoomId>, rooms_max: u32) -> StoreResult<Vec<StoredRoom>> {
        self.fault()?;
        let tables = self.rooms.lock();
        let rooms = tables.rooms.values().filter(|room| after.is_none_or(|after| room.id > after));
        let left = rooms.filter(|room| room.closed_at_ms.is_none() || !room.name.is_empty());
        Ok(left.take(rooms_max as usize).cloned().collect())
    }

    async fn last_offset(&self, room: RoomId) -> StoreResult<Option<u64>> {
        self.fault()?;
        let tables = self.rooms.lock();
        Ok(tables.journal.range((room, 0)..=(room, u64::MAX)).next_back().map(|((_, offset), _)| *offset))
    }

    async fn trim_journal(&self, room: RoomId, keep_from_ms: i64) -> StoreResult<u64> {
        self.fault()?;
        let mut tables = self.rooms.lock();
        let last = tables.journal.range((room, 0)..=(room, u64::MAX)).next_back().map_or(0, |((_, offset), _)| *offset);
        let covered = tables.checkpoints.get(&room).map_or(0, |checkpoint| checkpoint.offset);
        tables.remove_covered(room, covered, keep_from_ms);
        Ok(last.max(covered))
    }

    async fn append(&self, batches: &[JournalBatch]) -> StoreResult<()> {
        let _passed = self.gate.read().await;
        self.fault_before_append()?;
        if batches.iter().any(|batch| self.nodes.lock().fence(batch.room) != batch.fence) {
            return Err(StoreError::Fenced);
        }
        let mut tables = self.rooms.lock();
        // All or none: conflicts are found before the first write.
        let mut keys = BTreeSet::new();
        if batches.iter().any(|batch| tables.has(batch) || !keys.insert((batch.room, batch.offset))) {
            return Err(StoreError::Conflict("journal offset"));
        }
        tables.sync();
        for batch in batches {
            let mut batch = batch.clone();
            batch.command = batch.command.filter(|_| !self.has(PlantedBug::DropsCommandIds));
            if self.has(PlantedBug::AcknowledgesEarly) {
                tables.unsynced.push(batch);
            } else {
                tables.append(&batch);
            }
        }
        self.fault_after_append()
    }

    async fn load_journal(&self, room: RoomId) -> StoreResult<StoredJournal> {
        self.may_panic(Call::LoadJournal);
        self.fault()?;
        let mut tables = self.rooms.lock();
        tables.sync();
        let mut journal = tables.journal_of(room);
        if self.has(PlantedBug::LosesLastBatch) {
            journal.batches.pop();
        }
        Ok(journal)
    }

    async fn save_checkpoint(&self, checkpoint: &Checkpoint, keep_from_ms: i64) -> StoreResult<()> {
        self.may_panic(Call::SaveCheckpoint);
        self.fault()?;
        let mut tables = self.rooms.lock();
        if tables.checkpoints.get(&checkpoint.room).is_some_and(|known| known.offset > checkpoint.offset) {
            return Ok(());
        }
        tables.checkpoints.insert(checkpoint.room, checkpoint.clone());
        tables.remove_covered(checkpoint.room, checkpoint.offset, keep_from_ms);
        Ok(())
    }
}

impl Tables {
    pub(super) fn journal_of(&self, room: RoomId) -> StoredJournal {
        StoredJournal {
            checkpoint: self.checkpoints.get(&room).cloned(),
            batches: self.journal.range((room, 0)..=(room, u64::MAX)).map(|(_, batch)| batch.clone()).collect(),
        }
    }

    fn sync(&mut self) {
        for batch in std::mem::take(&mut self.unsynced) {
            self.append(&batch);
        }
    }

    pub(super) fn forget_unsynced(&mut self) {
        self.unsynced.clear();
    }

    fn newest(&self, rooms_max: u32, wanted: impl Fn(&StoredRoom) -> bool) -> Vec<StoredRoom> {
        let mut rooms: Vec<_> = self.rooms.values().filter(|room| wanted(room)).cloned().collect();
        rooms.sort_by_key(|room| std::cmp::Reverse((room.created_at_ms, room.id)));
        rooms.truncate(rooms_max as usize);
        rooms
    }

    pub(super) fn open_before(&self, before: Option<RoomId>, rooms_max: usize) -> Vec<StoredRoom> {
        let rooms = self.rooms.values().rev().filter(|room| before.is_none_or(|before| room.id < before));
        rooms.filter(|room| room.closed_at_ms.is_none()).take(rooms_max).cloned().collect()
    }

    pub(super) fn use_of(&self, room: RoomId) -> RoomUse {
        let members = self.members.iter().filter(|((_, known), present)| *known == room && **present).count() as u64;
        let last = self.journal.range((room, 0)..=(room, u64::MAX)).next_back().map(|(_, batch)| batch.at_ms);
        let checkpoint = self.checkpoints.get(&room).map(|checkpoint| checkpoint.at_ms);
        RoomUse { members, last_used_at_ms: last.max(checkpoint) }
    }

    fn remove_covered(&mut self, room: RoomId, covered: u64, keep_from_ms: i64) {
        self.journal.retain(|(of, offset), batch| *of != room || *offset > covered || batch.at_ms >= keep_from_ms);
    }

    fn has(&self, batch: &JournalBatch) -> bool {
        self.journal.contains_key(&(batch.room, batch.offset))
    }

    fn append(&mut self, batch: &JournalBatch) {
        if let Some(checkpoint) = batch.checkpoint() {
            self.checkpoints.insert(batch.room, checkpoint);
        }
        if let Some(MemberErasure { member, .. }) = &batch.erasure {
            self.journal.retain(|(room, offset), known| {
                *room != batch.room || *offset >= batch.offset || known.command.is_some_and(|(by, _)| by != *member)
            });
            for (_, known) in self.journal.range_mut((batch.room, 0)..(batch.room, batch.offset)) {
                known.events = "[]".into();
            }
        }
        let stored = JournalBatch { index: vec![], fence: Fence::default(), erasure: None, ..batch.clone() };
        self.journal.insert((batch.room, batch.offset), stored);
        for change in &batch.index {
            match change {
                IndexChange::Joined(user) => {
                    self.members.insert((*user, batch.room), true);
                }
                IndexChange::Left(user) => {
                    if let Some(present) = self.members.get_mut(&(*user, batch.room)) {
                        *present = false;
                    }
                }
                IndexChange::Forgotten(user) => {
                    self.members.remove(&(*user, batch.room));
                }
                IndexChange::HostChanged(user) => {
                    if let Some(room) = self.rooms.get_mut(&batch.room) {
                        room.host = *user;
                    }
                }
                IndexChange::Renamed(name) => {
                    if let Some(room) = self.rooms.get_mut(&batch.room) {
                        room.name.clone_from(name);
                    }
                }
                IndexChange::PasscodeChanged(passcode) => {
                    if let Some(room) = self.rooms.get_mut(&batch.room) {
                        room.passcode.clone_from(passcode);
                    }
                }
                IndexChange::Closed => {
                    if let Some(room) = self.rooms.get_mut(&batch.room) {
                        room.closed_at_ms = Some(batch.at_ms);
                    }
                }
            }
        }
    }
}
