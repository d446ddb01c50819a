//! A store in memory, for tests: the same contract, with faults on request.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use async_trait::async_trait;
use parking_lot::Mutex;
use tokio::sync::{OwnedRwLockWriteGuard, RwLock, RwLockWriteGuard};
use tutti_protocol::RoomId;

use super::{Store, StoreError, StoreResult, StoredJournal};

mod identity;
mod rooms;
mod spotify;

/// A store that forgets everything when it is dropped.
#[derive(Debug, Default)]
pub struct MemoryStore {
    identity: Mutex<identity::Tables>,
    rooms: Mutex<rooms::Tables>,
    failing: AtomicBool,
    /// Appends that are still to fail.
    failing_appends: AtomicU32,
    /// Appends that are still to be stored and reported as failed, as when the line breaks during a commit.
    doubtful_appends: AtomicU32,
    lie: Mutex<Option<PlantedBug>>,
    panic_in: Mutex<Option<Call>>,
    /// Appends pass as readers; a test that holds it as writer keeps them waiting.
    gate: Arc<RwLock<()>>,
}

/// A bug of a store, planted to see that tests would find it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlantedBug {
    /// The newest append is acknowledged and not stored yet: a crash loses it.
    AcknowledgesEarly,
    /// Events are stored without the commands that they answer.
    ForgetsCommands,
    /// A journal is read without its last batch.
    LosesTheLast,
}

/// A call by which the store can bring down whoever makes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`load_journal`](super::RoomStore::load_journal).
    LoadJournal,
    /// [`save_checkpoint`](super::RoomStore::save_checkpoint).
    SaveCheckpoint,
}

impl MemoryStore {
    /// The next such call panics, in the task that makes it.
    pub fn panic_in(&self, call: Call) {
        *self.panic_in.lock() = Some(call);
    }

    fn may_panic(&self, call: Call) {
        let panics = self.panic_in.lock().take_if(|wanted| *wanted == call).is_some();
        assert!(!panics, "a panic that a test asked for");
    }

    /// From now on it lies.
    pub fn tell(&self, lie: PlantedBug) {
        *self.lie.lock() = Some(lie);
    }

    fn lies(&self, lie: PlantedBug) -> bool {
        *self.lie.lock() == Some(lie)
    }

    /// What is stored of a room, whatever fails at the moment.
    pub fn stored_journal(&self, room: RoomId) -> StoredJournal {
        self.rooms.lock().journal_of(room)
    }

    /// The machine goes down: what was not stored is gone.
    pub fn crash(&self) {
        self.rooms.lock().forget_unsynced();
    }

    /// From now on every call fails with [`StoreError::Injected`], or none does.
    pub fn set_failing(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }

    /// The next so many appends fail with [`StoreError::Injected`].
    pub fn fail_appends(&self, appends: u32) {
        self.failing_appends.store(appends, Ordering::SeqCst);
    }

    /// Appends that are still to fail.
    pub fn failing_appends(&self) -> u32 {
        self.failing_appends.load(Ordering::SeqCst)
    }

    /// The next so many appends are stored, and fail with [`StoreError::Injected`] all the same.
    pub fn fail_after_appends(&self, appends: u32) {
        self.doubtful_appends.store(appends, Ordering::SeqCst);
    }

    fn doubt(&self) -> StoreResult<()> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.doubtful_appends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Injected),
            Err(_) => Ok(()),
        }
    }

    fn append_fault(&self) -> StoreResult<()> {
        let one_less = |left: u32| left.checked_sub(1);
        match self.failing_appends.fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less) {
            Ok(_) => Err(StoreError::Injected),
            Err(_) => self.fault(),
        }
    }

    /// Appends wait until the guard is dropped.
    pub async fn hold_appends(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().await
    }

    /// As [`Self::hold_appends`], at once; `None` while one is on its way.
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
