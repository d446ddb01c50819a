//! A store in memory, for tests: the same contract, with injected faults.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockWriteGuard};
use tutti_protocol::RoomId;

use super::{Store, StoreError, StoreResult, StoredJournal};

mod identity;
mod nodes;
mod operators;
mod rooms;
mod screens;
mod spotify;

/// A store that lives as long as its value.
#[derive(Debug, Default)]
pub struct MemoryStore {
    identity: Mutex<identity::Tables>,
    rooms: Mutex<rooms::Tables>,
    screen_codes: Mutex<screens::Table>,
    nodes: Mutex<nodes::Tables>,
    operators: Mutex<operators::Tables>,
    failing: AtomicBool,
    /// Number of coming appends that fail.
    failing_appends: AtomicU32,
    /// Number of coming appends that are stored and reported as failed, as when the connection breaks during a commit.
    failing_after_appends: AtomicU32,
    bug: Mutex<Option<PlantedBug>>,
    panic_in: Mutex<Option<Call>>,
    /// Appends hold it as readers; a test that holds it as writer blocks them.
    gate: Arc<RwLock<()>>,
}

/// A bug of a store, planted to prove that tests find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedBug {
    /// The newest append is acknowledged before it is stored: a crash loses it.
    AcknowledgesEarly,
    /// Events are stored without the ids of the commands that caused them.
    DropsCommandIds,
    /// A journal is read without its last batch.
    LosesLastBatch,
}

/// A call that can be made to panic.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`load_journal`](super::RoomStore::load_journal).
    LoadJournal,
    /// [`save_checkpoint`](super::RoomStore::save_checkpoint).
    SaveCheckpoint,
}

impl MemoryStore {
    /// The next such call panics, in the caller's task.
    pub fn panic_in(&self, call: Call) {
        *self.panic_in.lock() = Some(call);
    }

    fn may_panic(&self, call: Call) {
        let panics = self.panic_in.lock().take_if(|wanted| *wanted == call).is_some();
        assert!(!panics, "a panic injected by a test");
    }

    /// The store has this bug from now on.
    pub fn plant(&self, bug: PlantedBug) {
        *self.bug.lock() = Some(bug);
    }

    fn has(&self, bug: PlantedBug) -> bool {
        *self.bug.lock() == Some(bug)
    }

    /// A room's stored journal; ignores injected faults.
    pub fn stored_journal(&self, room: RoomId) -> StoredJournal {
        self.rooms.lock().journal_of(room)
    }

    /// Simulates a crash of the machine: writes that were not stored are lost.
    pub fn crash(&self) {
        self.rooms.lock().forget_unsynced();
    }

    /// Makes every call fail with [`StoreError::Injected`], or none.
    pub fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// Makes the next `appends` appends fail with [`StoreError::Injected`].
    pub fn fail_appends(&self, appends: u32) {
        self.failing_appends.store(appends, Ordering::SeqCst);
    }

    /// The number of coming appends that fail.
    pub fn failing_appends(&self) -> u32 {
        self.failing_appends.load(Ordering::SeqCst)
    }

    /// Makes the next `appends` appends fail with [`StoreError::Injected`] after they were stored.
    pub fn fail_after_appends(&self, appends: u32) {
        self.failing_after_appends.store(appends, Ordering::SeqCst);
    }

    fn fault_after_append(&self) -> StoreResult<()> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.failing_after_appends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Injected),
            Err(_) => Ok(()),
        }
    }

    fn fault_before_append(&self) -> StoreResult<()> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.failing_appends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Injected),
            Err(_) => self.fault(),
        }
    }

    /// Blocks appends until the guard is dropped.
    pub async fn hold_appends(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// Like [`Self::hold_appends`] without waiting; `None` while an append runs.
    pub fn try_hold_appends(&self) -> Option<OwnedRwLockWriteGuard<()>> {
        self.gate.clone().try_write_owned().ok()
    }

    fn fault(&self) -> StoreResult<()> {
        if self.failing.load(Ordering::SeqCst) { Err(StoreError::Injected) } else { Ok(()) }
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn ping(&self) -> StoreResult<()> {
        self.fault()
    }

    async fn close(&self) {}
}
